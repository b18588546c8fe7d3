import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCapabilityCache } from '../../src/agent/capability-cache.ts';
import type { Capability } from '../../src/api/index.ts';
import { messageOf, runProgram } from '../../src/lib/index.ts';

const isRoot = process.getuid?.() === 0;

describe('what a kernel can do', () => {
  let folder: string;
  let now: number;
  let circumstances: string;
  let able: Set<Capability>;
  let tried: Capability[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'squall-capabilities-'));
    now = 0;
    circumstances = 'boot 6.1.0 modules tc:1';
    able = new Set(['netem', 'prio']);
    tried = [];
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const file = () => join(folder, 'capabilities.json');
  const create = () =>
    createCapabilityCache({
      file: file(),
      clock: { monotonic: () => now },
      readCircumstances: () => Promise.resolve(circumstances),
      tryCapability: (capability) => {
        tried.push(capability);
        return Promise.resolve(able.has(capability) ? { ok: true, message: '' } : { ok: false, message: 'no' });
      },
    });

  it('is tried once, also for the next agent on the same state folder', async () => {
    const cache = create();
    await Promise.all([cache('netem'), cache('prio')]);
    expect(await cache('netem')).toEqual({ ok: true, message: '' });
    expect(await create()('prio')).toEqual({ ok: true, message: '' });
    expect(tried).toEqual(['netem', 'prio']);
  });

  it.each(['another boot', 'another kernel', 'a module was loaded or unloaded', 'another tc'])(
    'is tried anew: %s',
    async (change) => {
      await create()('netem');
      circumstances = change;
      able.delete('netem');
      expect(await create()('netem')).toEqual({ ok: false, message: 'no' });
      expect(tried).toEqual(['netem', 'netem']);
    },
  );

  it('is tried again soon where it was missing, and sooner where something has changed', async () => {
    const cache = create();
    expect((await cache('htb')).ok).toBe(false);
    able.add('htb');
    expect((await cache('htb')).ok).toBe(false);
    circumstances = 'a module more';
    now += 1000;
    expect((await cache('htb')).ok).toBe(true);
    expect((await cache('ifb')).ok).toBe(false);
    able.add('ifb');
    now += 10_000;
    expect((await cache('ifb')).ok).toBe(true);
    // A missing capability is not written down: the next agent tries it.
    expect(readFileSync(file(), 'utf8')).not.toContain('"no"');
  });

  it('is not remembered where it could not be tried', async () => {
    let fails = true;
    const cache = createCapabilityCache({
      file: file(),
      clock: { monotonic: () => now },
      readCircumstances: () => Promise.resolve(circumstances),
      tryCapability: () => (fails ? Promise.reject(new Error('no process')) : Promise.resolve({ ok: true, message: '' })),
    });
    expect(await cache('netem').catch(messageOf)).toBe('no process');
    fails = false;
    expect(await cache('netem')).toEqual({ ok: true, message: '' });
  });

  it.each(['', '{', '{"version":2}', '[]', '{"version":1,"able":"netem"}'])('is tried where the memory is %j', async (text) => {
    writeFileSync(file(), text);
    expect(await create()('netem')).toEqual({ ok: true, message: '' });
    expect(tried).toEqual(['netem']);
  });

  it('is told on this node, whose circumstances do not change by looking', async () => {
    const cache = createCapabilityCache({
      file: file(),
      clock: { monotonic: () => now },
      tryCapability: (capability) => {
        tried.push(capability);
        return Promise.resolve({ ok: true, message: '' });
      },
    });
    await cache('netem');
    await cache('netem');
    expect(tried).toEqual(['netem']);
  });

  const whatIsTried = `
    const [sources, file] = process.argv.slice(1);
    const { createCapabilityCache } = await import(sources);
    const tryCapability = (capability) => {
      console.log(capability);
      return Promise.resolve({ ok: true, message: '' });
    };
    await createCapabilityCache({ file, clock: { monotonic: () => 0 }, tryCapability })('netem');`;
  const sources = new URL('../../src/agent/capability-cache.ts', import.meta.url).href;
  const triedBy = async (...wrapper: string[]): Promise<string> => {
    const [program, ...args] = [...wrapper, process.execPath, '--input-type=module', '-e', whatIsTried];
    const { stdout, stderr } = await runProgram(program, [...args, sources, file()]);
    expect(stderr).toBe('');
    return stdout.trim();
  };

  it.each<[string, string[]]>([
    ['may gain no rights', ['setpriv', '--no-new-privs']],
    ...(isRoot
      ? [['has fewer rights', ['setpriv', '--bounding-set', '-net_raw', '--inh-caps', '-net_raw']] as [string, string[]]]
      : []),
  ])('is tried anew by a process that %s', async (_, wrapper) => {
    expect(await triedBy()).toBe('netem');
    expect(await triedBy()).toBe('');
    expect(await triedBy(...wrapper)).toBe('netem');
  });
});
