import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resolveInstance } from '../../../src/cli/agent/resolve-instance.ts';
import { type ErrorCode, SquallError, systemClock } from '../../../src/lib/index.ts';
import type { Store } from '../../../src/store/index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'squall-instance-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const uid = 'b7e8f6a2-6b3c-4d6e-9a54-0d9d3c5f1e11';
const ofUid = '823e625e';

/** A cluster that fails with each code in turn, and then answers. */
function clusterAfter(...failures: ErrorCode[]): Pick<Store, 'get'> & { asked: number } {
  const store = {
    asked: 0,
    get: () => {
      const code = failures[store.asked];
      store.asked += 1;
      if (code !== undefined) return Promise.reject(new SquallError(code, 'no'));
      return Promise.resolve({ metadata: { uid } } as never);
    },
  };
  return store;
}

function resolve(store: Pick<Store, 'get'>, signal = new AbortController().signal) {
  const log: string[] = [];
  const clock = { ...systemClock, sleep: () => Promise.resolve() };
  const found = resolveInstance({
    store,
    stateFolder: folder,
    clock,
    random: () => 0.5,
    log: (level, message) => log.push(`${level} ${message}`),
    signal,
  });
  return { found, log };
}

describe('resolveInstance', () => {
  it("is the cluster's, and is remembered for when that does not answer", async () => {
    expect(await resolve(clusterAfter()).found).toBe(ofUid);
    const { found, log } = resolve(clusterAfter('Unavailable'));
    expect(await found).toBe(ofUid);
    expect(log).toEqual(['warn the cluster did not say its instance id']);
    expect(await resolve(clusterAfter('PermissionDenied')).found).toBe(ofUid);
  });

  it('asks on while the cluster is away and nothing is remembered, and gives up what no retry can help', async () => {
    const away = clusterAfter('Unavailable', 'Unavailable', 'Unavailable');
    expect(await resolve(away).found).toBe(ofUid);
    expect(away.asked).toBe(4);
    rmSync(join(folder, 'cluster-instance'));
    await expect(resolve(clusterAfter('PermissionDenied')).found).rejects.toMatchObject({ code: 'PermissionDenied' });
  });

  it('follows the cluster where the memory is of another, or cut off', async () => {
    writeFileSync(join(folder, 'cluster-instance'), '01234567\n');
    const { found, log } = resolve(clusterAfter());
    expect(await found).toBe(ofUid);
    expect(log).toEqual(['warn this state folder was used in another cluster']);
    writeFileSync(join(folder, 'cluster-instance'), '0123');
    expect(await resolve(clusterAfter('Unavailable')).found).toBe(ofUid);
  });

  it('is none for whoever is told to stop', async () => {
    expect(await resolve(clusterAfter(), AbortSignal.abort()).found).toBeUndefined();
  });
});
