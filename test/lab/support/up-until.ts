/**
 * node up-until.ts STATE INSTANCE TOPOLOGY STEP kill|pause: makes a lab, prints each step that is done, and at STEP kills itself
 * as a crash would, or stays there. STEP `never` makes the whole lab.
 */
import { labUp, readTopology } from '../../../src/lab/index.ts';

const [stateFolder = '', instance = '', file = '', at = '', how = ''] = process.argv.slice(2);
const topology = await readTopology({ file });
await labUp({
  stateFolder,
  instance,
  topology,
  onStep: (step) => {
    process.stdout.write(`${step}\n`);
    if (step !== at) return;
    if (how === 'kill') process.kill(process.pid, 'SIGKILL');
    // Stays in this step without going on, as a process does that is stopped.
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
});
