import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandScript, initScript, quoteWord, supervisorScript } from '../../../src/lab/guest/init-scripts.ts';

const sh = (script: string) => execFileSync('sh', ['-c', script], { encoding: 'utf8' });
const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0') && value.isWellFormed());

describe('quoteWord', () => {
  it('means exactly its text to a shell', () => {
    fc.assert(
      fc.property(text, (word) => {
        expect(sh(`printf '%s.' ${quoteWord(word)}`)).toBe(`${word}.`);
      }),
      { numRuns: 50 },
    );
  });
});

describe('commandScript', () => {
  it('hands the arguments and the environment to the command as they are, in its folder', () => {
    const command = [
      'sh',
      '-c',
      'pwd; printf "%s|" "$TRICKY" "$SQUALL_GUEST" "$@"',
      'name',
      "it's",
      '$(false) `x`',
      '',
      'two\nlines',
    ];
    const script = commandScript({ command, cwd: '/usr/bin', env: { TRICKY: `a'b"c $HOME`, PATH: '/usr/bin:/bin' } });
    // Its first line writes the process id into the guest's folder, which this machine does not have.
    const [, ...rest] = script.split('\n');
    expect(sh(rest.join('\n'))).toBe(`/usr/bin\na'b"c $HOME|1|it's|$(false) \`x\`||two\nlines|`);
  });
});

describe('the scripts of the guest', () => {
  it.each([
    ['init', initScript(['virtio.ko', 'fuse.ko'], '/cache/lib/modules', [{ tag: 'writable0', path: "/srv/it's here" }])],
    ['supervise', supervisorScript()],
    ['supervise with a terminal', supervisorScript({ columns: 80, rows: 24 })],
    ['command', commandScript({ command: ['true'], cwd: '/', env: {} })],
  ])('%s is well-formed', (_, script) => {
    expect(() => execFileSync('sh', ['-n'], { input: script })).not.toThrow();
  });
});
