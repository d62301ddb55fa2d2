import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** The name of a PEM file in, its text out. Refused at start rather than at the first connection, which would only retry. */
export const certificatesRule: z.ZodType = z.string().transform((path, context) => {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
    context.addIssue({ code: 'custom', message: 'must be a file with a certificate in PEM' });
  } catch {
    context.addIssue({ code: 'custom', message: 'must be a file that can be read' });
  }
  return z.NEVER;
});
