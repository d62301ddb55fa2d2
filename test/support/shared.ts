import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** `../shared/<sub>` beside the repository, or null where the clone stands alone: such tests skip, and say why. */
export function sharedFolder(sub: string): string | null {
  const folder = fileURLToPath(new URL(`../../../shared/${sub}`, import.meta.url));
  return existsSync(folder) ? folder : null;
}
