/** Looks that go wrong: what fails, what does not, and that nothing ends the agent. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkTargets } from '../../src/agent/check-targets.ts';
import { findProgram } from '../../src/agent/find-file.ts';
import { createLooks, type Looks, readPins } from '../../src/agent/look-into.ts';
import type { FoundNamespace } from '../../src/agent/index.ts';
import { namedNamespaces } from '../../src/agent/namespaces/named.ts';
import { codeOf, messageOf, systemClock } from '../../src/lib/index.ts';
import { createPair, type Pair } from '../kernel/namespaces.ts';

const isRoot = process.getuid?.() === 0;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'squall-looks-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('looks at several devices of one pod', () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  beforeEach(() => {
    process.on('unhandledRejection', note);
  });
  afterEach(() => {
    process.off('unhandledRejection', note);
  });

  it.each([[['eth0', 'eth1']], [['eth1', 'eth0']]])(
    'fail one by one where the pod ends, in the order %j, and leave nothing behind that nobody handles',
    async (order) => {
      const failures: (() => void)[] = [];
      const find = async () => {
        const { promise, reject } = Promise.withResolvers<FoundNamespace | undefined>();
        const error = new Error(`look ${String(failures.length + 1)}`);
        failures.push(() => {
          reject(error);
        });
        return await promise;
      };
      const looks = createLooks({ namespaces: { ...namedNamespaces(), find } }, systemClock);
      const asked = ['eth0', 'eth1'].map(async (device) => await looks.target('pod', device).catch(messageOf));
      for (const device of order) {
        failures[device === 'eth0' ? 0 : 1]?.();
        await systemClock.sleep(1);
      }
      expect(await Promise.all(asked)).toEqual(['look 1', 'look 2']);
      expect(unhandled).toEqual([]);
    },
  );
});

describe('checks that never refuse', () => {
  const fails = async () => await Promise.reject(new Error('nsenter did not end within 10000 ms'));
  const looks: Looks = { target: fails, namespace: fails, node: fails, packetsMoved: fails };

  it.each([
    { check: 'conntrack' as const, podUids: ['p'] },
    { check: 'tcp-timeouts' as const, podUids: ['p'], silenceMs: 1000 },
  ])('warn where nothing can be looked at: $check', async (check) => {
    expect(await checkTargets(looks, check)).toMatchObject({
      ok: true,
      warning: 'NotLookedAt: nsenter did not end within 10000 ms',
    });
  });

  it('are not the one of the IP stack', async () => {
    const result = checkTargets(looks, { check: 'ip-stack', podUids: ['p'], device: 'eth0' });
    expect(await result.catch(messageOf)).toBe('nsenter did not end within 10000 ms');
  });
});

describe('names that BPF programs have pinned', () => {
  it('are those in folders; an object that is named as a folder has none in it', async () => {
    mkdirSync(join(folder, 'tc'));
    for (const name of ['tc/globals', 'sockops', 'cilium_sock_ops']) writeFileSync(join(folder, name), '');
    expect((await readPins(folder))?.sort()).toEqual(['cilium_sock_ops', 'sockops', 'tc']);
    expect(await readPins(join(folder, 'none'))).toEqual([]);
  });
});

describe.skipIf(!isRoot)('a look by a tc of another version', () => {
  let pair: Pair;
  beforeEach(async () => {
    pair = await createPair();
  });
  afterEach(async () => {
    vi.useRealTimers();
    vi.unstubAllEnvs();
    await pair.dispose();
  });

  /** The tc that looks find runs this where it is asked for filters. */
  async function showFiltersBy(command: string): Promise<void> {
    const tc = await findProgram('tc');
    const script = `#!/bin/sh\nif [ "$2" = filter ]; then ${command}; else exec ${String(tc)} "$@"; fi\n`;
    writeFileSync(join(folder, 'tc'), script);
    chmodSync(join(folder, 'tc'), 0o755);
    vi.stubEnv('PATH', `${folder}:${process.env.PATH ?? ''}`);
  }
  const create = () => createLooks({ namespaces: namedNamespaces() }, systemClock);

  it.each([
    ['prints some as text', 'echo "filter parent ffff: protocol all pref 49152 u32 chain 0"'],
    ['prints half of one', "printf '[{'"],
    ['knows no such option', 'echo unknown >&2; exit 1'],
  ])('that %s is warned of, and shows everything else', async (_, command) => {
    await showFiltersBy(command);
    const looks = create();
    const seen = await looks.target(pair.podUid, 'eth0');
    expect(seen?.device?.redirects).toBeUndefined();
    expect(seen?.facts.devices).toContain('eth0');
    const result = await checkTargets(looks, { check: 'ip-stack', podUids: [pair.podUid], device: 'eth0' });
    expect(result).toMatchObject({ ok: true });
    expect(result.warning).toContain(`pod ${pair.podUid}: FiltersUnread: `);
  });

  it('that hangs is ended with the shell that runs it', async () => {
    const started = join(folder, 'started');
    await showFiltersBy(`touch ${started}; sleep 60`);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const failure = create()
      .target(pair.podUid, 'eth0')
      .catch((error: unknown) => error);
    await vi.waitFor(() => {
      expect(existsSync(started)).toBe(true);
    }, 5000);
    vi.advanceTimersByTime(10_000);
    expect(codeOf(await failure)).toBe('Unavailable');
  });

  it('that is slow does not make the packets per second seem more: they are counted from before it', async () => {
    await showFiltersBy("sleep 0.5; echo '[]'");
    const looks = create();
    await looks.target(pair.podUid, 'eth0');
    expect((await looks.packetsMoved(pair.podUid, 'eth0'))?.seconds).toBeGreaterThan(0.5);
  });
});
