import { afterEach, describe, expect, it } from 'vitest';
import { type FaultWork, type NodeTask, type Peer, systemNamespace } from '../../src/api/index.ts';
import { followed, hasMovingPeers } from '../../src/control/follow-peers.ts';
import { nodeTasks, pods } from '../../src/control/index.ts';
import { codeOf } from '../../src/lib/index.ts';
import type { World } from '../../src/control/world.ts';
import { work } from '../faults/works.ts';
import { type Machine, obedient, shortRun, startMachine } from './machine.ts';
import { pod, shaper, world } from './world.ts';

const [part] = shaper.parts;
if (part === undefined) throw new Error('the shaper has a part');
const selector: Peer = { kind: 'selector', namespace: 'shop', selector: { matchLabels: { app: 'db' } } };
const byPods = { ...part, peers: [selector] };
const addresses = (...numbers: number[]) => ({
  ipv4: numbers.map((number) => `10.0.0.${String(number)}`),
  ipv6: numbers.map((number) => `fd00::${String(number)}`),
});
const fault = (peers: FaultWork['peers'], more: Partial<FaultWork> = {}) =>
  work('f', { type: 'partition' }, { peers, dosePeers: { 'uid-payments-0': ['10.0.0.20', 'fd00::20'] }, ...more });
const withDb = (...numbers: number[]): World => ({
  ...world,
  pods: [...world.pods.slice(0, 4), ...numbers.map((number) => pod(`db-${String(number)}`, number, { app: 'db' }))],
});
const hurt = new Set(['10.0.0.10']);

describe('a fault that follows its peers', () => {
  it('is the very same where nothing has changed, in whatever order pods are listed', () => {
    const before = fault(addresses(21, 20));
    expect(followed(before, byPods, withDb(20, 21), hurt)).toBe(before);
    const everybody = fault('all');
    expect(followed(everybody, { ...part, peers: [] }, withDb(), hurt)).toBe(everybody);
  });

  it('hurts a pod that came, and goes on measuring its dose where it did', () => {
    expect(followed(fault(addresses(20)), byPods, withDb(20, 21), hurt)).toEqual(fault(addresses(20, 21)));
  });

  it('no longer hurts the address of a pod that went, and measures its dose at another that is no target', () => {
    const followedNow = followed(fault(addresses(20)), byPods, withDb(10, 21), hurt);
    const dosePeers = { 'uid-payments-0': ['10.0.0.21', 'fd00::21'] };
    expect(followedNow).toEqual(fault(addresses(10, 21), { dosePeers }));
  });

  it('hurts nobody while there is nobody', () => {
    expect(followed(fault(addresses(20)), byPods, withDb(), hurt)).toEqual(
      fault({ ipv4: [], ipv6: [] }, { dosePeers: { 'uid-payments-0': [] } }),
    );
  });

  it('spares an excepted pod that came', () => {
    const sparing = { ...part, peers: [], except: [selector] };
    const before = fault('all', { except: addresses(20), dosePeers: {} });
    expect(followed(before, sparing, withDb(20, 21), hurt).except).toEqual(addresses(20, 21));
    expect(followed(before, sparing, withDb(), hurt).except).toEqual({ ipv4: [], ipv6: [] });
  });

  it('keeps its host names beside the pods that come and go, and follows none by itself', () => {
    const host: Peer = { kind: 'host', host: 'api.example' };
    const hosts = { peers: [{ host: 'api.example' }], except: ['db.example'] };
    const named = { ...part, peers: [selector, host], except: [{ kind: 'host' as const, host: 'db.example' }] };
    const before = fault(addresses(20), { hosts, except: addresses() });
    expect(followed(before, named, withDb(20), hurt)).toBe(before);
    expect(followed(before, named, withDb(20, 21), hurt)).toEqual({ ...before, peers: addresses(20, 21) });
    expect(hasMovingPeers({ shaper: { leaseSeconds: 30, parts: [{ ...named, peers: [host] }] } })).toBe(false);
  });

  it('does not bring in a node by a pod that came with its address, and keeps one that was there', () => {
    const onHost = { ...pod('db-9', 254, { app: 'db' }) };
    const withHost = { ...withDb(20), pods: [...withDb(20).pods, onHost] };
    const before = fault(addresses(20));
    expect(followed(before, byPods, withHost, hurt)).toBe(before);
    const planned = fault(addresses(20, 254));
    expect(followed(planned, byPods, withHost, hurt)).toBe(planned);
  });

  it('follows peers at ports', () => {
    const ports = { first: 5432, last: 5432 };
    const before = fault({ ipv4: [], ipv6: [], atPorts: [{ ...addresses(20), ports }] }, { dosePeers: {} });
    const after = followed(before, { ...part, peers: [{ ...selector, ports }] }, withDb(22), hurt);
    expect(after.peers).toEqual({ ipv4: [], ipv6: [], atPorts: [{ ...addresses(22), ports }] });
  });
});

describe('a run whose peers are pods', () => {
  let machine: Machine;
  afterEach(async () => {
    await machine.stop();
  });
  const taskUntil = async (isWanted: (task: NodeTask) => boolean): Promise<NodeTask> => {
    for (;;) {
      const { items } = await machine.store.list(nodeTasks, { namespace: systemNamespace });
      const found = items.find((task) => task.spec.work === 'fault' && isWanted(task));
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const add = async (name: string, index: number) => {
    const created = await machine.store.create(pods, pod(name, index, { app: 'db' }));
    await machine.store.updateStatus(pods, { ...created, status: pod(name, index).status });
  };

  it.each([
    ['by selector', { kind: 'selector', selector: { matchLabels: { app: 'db' } } }],
    ['by an expression', { kind: 'selector', selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['db'] }] } }],
  ])('tells its agents %s who came and went, while the fault is active and not after', async (_how, peer) => {
    machine = await startMachine(obedient);
    await add('db-0', 20);
    await machine.create({ ...shortRun, duration: '10m', fault: { ...shortRun.fault, peers: [peer] } });
    await taskUntil(({ spec, status }) => spec.order === 'apply' && status?.targets[0]?.phase === 'Active');
    await add('db-1', 21);
    const { spec } = await taskUntil((task) => task.spec.fault?.peers !== 'all' && task.spec.fault?.peers.ipv4.length === 2);
    expect(spec.fault?.peers).toEqual(addresses(20, 21));
    await machine.store.delete(pods, { namespace: 'shop', name: 'db-0' });
    await machine.store.delete(pods, { namespace: 'shop', name: 'db-1' });
    const { spec: last } = await taskUntil(
      (task) => task.spec.fault?.peers !== 'all' && task.spec.fault?.peers.ipv4.length === 0,
    );
    expect(last.order).toBe('apply');
    expect(last.generation).toBeGreaterThan(spec.generation);
    // Agents write the same objects: what finds another version there is done again.
    expect(machine.errors.filter((error) => codeOf(error) !== 'Conflict')).toEqual([]);
  });
});
