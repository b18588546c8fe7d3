/** The operator on a bad line to a real API server, while others write to its run: one injection, one undo, a verdict, and no hot loop. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { seededRandom } from '../../../scripts/random.ts';
import { experiments } from '../../../src/control/index.ts';
import { codeOf } from '../../../src/lib/index.ts';
import type { Store } from '../../../src/store/index.ts';
import { type Proxy, startProxy } from '../../store/proxy.ts';
import { adminOf } from './client.ts';
import { type Operated, runSpec, startOperated } from './operated.ts';

const admin = adminOf();
const namespace = 'operated-badly';
const folder = mkdtempSync(join(tmpdir(), 'squall-bad-line-'));
const cuts = 5;
const run = { namespace, name: 'on-a-bad-line' };

let operated: Operated;
let proxy: Proxy;

beforeAll(async () => {
  operated = await startOperated(admin, namespace);
  proxy = await startProxy(folder, Number(new URL(inject('controlPlane').url).port));
});
afterAll(async () => {
  await operated[Symbol.asyncDispose]();
  await proxy.close();
  admin[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

let notes = 0;
async function annotate(): Promise<void> {
  notes += 1;
  await admin.store.patchMetadata(experiments, run, { annotations: { 'tests.squall/note': String(notes) } });
}

async function annotateEverySecond(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await annotate();
    await sleep(1000);
  }
}

/** Counts what is asked of a store. */
function counting(store: Store, onRequest: () => void): Store {
  return new Proxy(store, {
    get: (target, property, receiver) => {
      onRequest();
      return Reflect.get(target, property, receiver) as unknown;
    },
  });
}

/** A store of whose writes of a run's status every third comes just after somebody else's. */
function contended(store: Store, onConflict: () => void): Store {
  let writes = 0;
  return {
    ...store,
    updateStatus: async (resource, object, ...rest) => {
      writes += resource.kind === experiments.kind ? 1 : 0;
      if (resource.kind === experiments.kind && writes % 3 === 0) await annotate();
      try {
        return await store.updateStatus(resource, object, ...rest);
      } catch (error) {
        if (codeOf(error) === 'Conflict') onConflict();
        throw error;
      }
    },
  };
}

describe('an operator on a bad line', () => {
  it('brings a run to its verdict while answers are late, connections break, and others write to it', async () => {
    const random = seededRandom(11);
    proxy.delay(50);
    proxy.cutAfter(() => 60_000 + Math.floor(random() * 200_000));
    let conflicts = 0;
    let requests = 0;
    const contendedStore = contended(operated.operatorStore(`https://127.0.0.1:${proxy.port}`), () => (conflicts += 1));
    const store = counting(contendedStore, () => (requests += 1));
    await operated.operate('on-a-bad-line', { leaseSeconds: 10, store });
    const fault = { ...runSpec(namespace).fault, lease: '30s' };
    await operated.begin(run.name, { before: '2s', duration: '20s', after: '2s', fault });
    const over = operated.untilDone(run.name);
    const ending = new AbortController();
    const annotating = annotateEverySecond(ending.signal);
    try {
      for (let cut = 0; cut < cuts; cut += 1) {
        await sleep(4000);
        proxy.cut();
      }
      expect((await over).status).toMatchObject({ verdict: 'Passed', residue: 0 });
    } finally {
      ending.abort();
      await annotating;
    }
    expect(operated.faultOrdersOf(run.name)).toEqual(['apply', 'undo']);
    expect(conflicts).toBeGreaterThan(0);
    expect(proxy.connections()).toBeGreaterThan(cuts);
    expect(proxy.connections()).toBeLessThan(500);
    expect(requests).toBeLessThan(400);
  });
});
