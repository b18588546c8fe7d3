import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { codeOf, messageOf, runProgram, startFailure } from '../../src/lib/index.ts';

const run = promisify(execFile);
const urlOf = (path: string): string => JSON.stringify(fileURLToPath(new URL(`../../src/${path}`, import.meta.url)));

/** In a process of its own, which has no file descriptor left; an exception that nobody caught would end it. */
const withoutDescriptors = `
  import { execFileSync } from 'node:child_process';
  import { readdirSync } from 'node:fs';
  import { codeOf, messageOf, runProgram } from ${urlOf('lib/index.ts')};
  import { startLineProcess } from ${urlOf('probes/line-process.ts')};
  const used = readdirSync('/proc/self/fd').length;
  execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=' + String(used)]);
  const attempts = [runProgram('true', [], { timeoutMs: 50 }), startLineProcess('true', [], { stdout: () => undefined }).ended];
  const told = await Promise.allSettled(attempts);
  await new Promise((resolve) => setTimeout(resolve, 100));
  console.log(JSON.stringify(told.map(({ reason }) => [codeOf(reason), messageOf(reason)])));
`;

describe('a program', () => {
  it('that is not there is ToolMissing', async () => {
    const error: unknown = await runProgram('no-such-program', []).catch((thrown: unknown) => thrown);
    expect([codeOf(error), messageOf(error)]).toEqual([
      'ToolMissing',
      expect.stringMatching(/^the program 'no-such-program' is not installed/) as string,
    ]);
  });

  it('that cannot be started for want of file descriptors is a failure with a remedy, and not the end of whoever starts it', async () => {
    const { stdout } = await run(process.execPath, ['--input-type=module-typescript', '-e', withoutDescriptors]);
    const told = [
      'Unavailable',
      expect.stringMatching(/^could not start 'true' \(EMFILE\): .*raise its RLIMIT_NOFILE/) as string,
    ];
    expect(JSON.parse(stdout)).toEqual([told, told]);
  });

  it.each([
    ['EAGAIN', 'Unavailable', /pids\.max.*RLIMIT_NPROC/],
    ['ENFILE', 'Unavailable', /fs\.file-max/],
    ['ENOMEM', 'Unavailable', /memory/],
    ['EACCES', 'Internal', /could not start 'tc': spawn tc EACCES/],
  ])('that the system does not start for %s is %s', (system, code, message) => {
    const error = startFailure('tc', Object.assign(new Error(`spawn tc ${system}`), { code: system }));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message) as string]);
  });
});
