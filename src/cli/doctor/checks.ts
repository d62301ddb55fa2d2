import { prepareForTensorFlow } from '../../config/env.ts';
import { existsSync } from 'node:fs';
import { traceOfUse } from '../../compose/secrets.ts';
import type { AllotConfig } from '../../config/config.ts';
import { loadOrCreateSecrets } from '../../config/secrets.ts';
import { type Finding, failure, ok, reasonOf, warning } from './finding.ts';

const oldestNode = [20, 19] as const;

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1]);
  return isOld
    ? failure('node', version, `install Node ${oldestNode.join('.')} or newer`)
    : ok('node', `${version} on ${process.platform}-${process.arch}`);
}

/** A missing file is fine where nothing was decided yet: it is made on the first start. */
export function checkSecrets(config: AllotConfig): Finding {
  const { secretsFile: file } = config;
  const restore = 'restore the file from a backup: new secrets orphan stored ids';
  const lost =
    'restore the file from a backup, or set ALLOT_SECRETS_FILE to where it is; move the data directory away where new secrets are meant';
  try {
    if (existsSync(file)) {
      loadOrCreateSecrets(file);
      return ok('secrets', file);
    }
    const trace = traceOfUse(config);
    if (trace === null) return ok('secrets', `${file} will be made on the first start`);
    return failure('secrets', `${file} is not there, but ${trace}: a start is refused`, lost);
  } catch (error) {
    return failure('secrets', reasonOf(error), restore);
  }
}

export async function checkTrainingBackend(): Promise<Finding> {
  try {
    prepareForTensorFlow();
    const { chooseBackend } = await import('../../../offline/learning/tensors/backend.ts');
    const { name, reason } = await chooseBackend();
    if (name === 'tensorflow-native') return ok('training', `${name}: ${reason}`);
    const advice =
      'training works, several times slower; install @tensorflow/tfjs-node for the native library';
    return warning('training', `${name}: ${reason}`, advice);
  } catch (error) {
    return failure('training', reasonOf(error), 'reinstall: no TensorFlow backend loads');
  }
}
