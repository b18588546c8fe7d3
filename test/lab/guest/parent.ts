/** Run by boot.test.ts as a process of its own, to be killed: starts a guest and prints the process id of its QEMU. */
import { startGuest } from '../../../src/lab/guest/index.ts';

const guest = await startGuest({
  command: ['sleep', '600'],
  cwd: '/',
  env: process.env,
  writable: [],
  onStdout: () => undefined,
  onStderr: () => undefined,
});
console.log(String(guest.qemuPid()));
await guest.exitCode;
