import { writeSync } from 'node:fs';
import { endWithParent } from '../../../src/cli/local/end-with-parent.ts';

// Computes for ever, without a turn of its event loop.
endWithParent();
writeSync(1, 'begun');
for (;;);
