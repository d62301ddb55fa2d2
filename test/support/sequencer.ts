import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that share a process come last: side by side they go on in the same one, and none of them is long, so that no worker
 * is left alone with a long file at the end.
 */
export class SharedLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isShared = ({ project }: TestSpecification): boolean => !project.config.isolate;
    return [...sorted.filter((file) => !isShared(file)), ...sorted.filter(isShared)];
  }
}
