import type { Command } from 'commander';
import { exitCodes } from '../exit-codes.ts';
import { note, print, printJson, table } from '../output.ts';

const help = `
Deciders with ALLOT_ARTIFACT_PUBLIC_KEYS serve only artifacts that one of those keys has signed. What a command or job makes
itself is signed where ALLOT_ARTIFACT_SIGNING_KEY is set; an artifact that was uploaded is signed by hand.

Examples:
  allot artifacts keygen signing.pem                  writes signing.pem (keep it) and signing.pem.pub (give it to deciders)
  ALLOT_ARTIFACT_SIGNING_KEY=signing.pem allot artifacts sign live-feed@7
  ALLOT_ARTIFACT_PUBLIC_KEYS=signing.pem.pub allot artifacts verify live-feed@7

To change the key: give deciders a file with both public keys, sign what is served with the new one, take the old one out.`;

export function register(program: Command): void {
  const artifacts = program
    .command('artifacts')
    .description('sign policy artifacts and verify their signatures')
    .addHelpText('after', help);
  artifacts
    .command('keygen')
    .description('make an Ed25519 key pair; nothing is overwritten')
    .argument('<file>', 'for the private key; the public one gets .pub behind it')
    .option('--json', 'one object on standard output')
    .action(keygen);
  for (const [name, what, action] of [
    ['sign', 'sign the artifacts of these versions with ALLOT_ARTIFACT_SIGNING_KEY', sign],
    ['verify', 'is each signed by one of ALLOT_ARTIFACT_PUBLIC_KEYS? Exit code 1 otherwise', verify],
  ] as const) {
    artifacts
      .command(name)
      .description(what)
      .argument('<version...>', 'policy versions, such as live-feed@7')
      .option('--tenant <name>', 'whose versions', 'default')
      .option('--json', 'one array on standard output')
      .action(action);
  }
}

interface VersionOptions {
  readonly tenant: string;
  readonly json?: boolean;
}

async function keygen(file: string, { json }: { readonly json?: boolean }): Promise<void> {
  const { makeKeyFiles } = await import('../artifacts/key-files.ts');
  const made = makeKeyFiles(file);
  if (json === true) printJson(made);
  else {
    print(made.keyId);
    note(
      `private key in ${made.privateKey}: only for who publishes. Public key in ${made.publicKey}: for deciders.`,
    );
  }
}

async function sign(versions: readonly string[], options: VersionOptions): Promise<void> {
  const { signVersions } = await import('../artifacts/sign-versions.ts');
  show(await signVersions(options.tenant, versions), options);
}

async function verify(versions: readonly string[], options: VersionOptions): Promise<void> {
  const { verifyVersions } = await import('../artifacts/sign-versions.ts');
  const found = await verifyVersions(options.tenant, versions);
  show(found, options);
  if (found.some(({ keyId }) => keyId === null)) process.exitCode = exitCodes.failure;
}

function show(
  found: readonly { readonly version: string; readonly keyId: string | null; readonly finding: string }[],
  { json }: VersionOptions,
): void {
  if (json === true) printJson(found);
  else {
    print(
      table(
        ['version', 'key', 'finding'],
        found.map(({ version, keyId, finding }) => [version, keyId ?? '–', finding]),
      ),
    );
  }
}
