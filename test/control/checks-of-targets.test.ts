import { describe, expect, it } from 'vitest';
import type { FaultWork } from '../../src/api/index.ts';
import { checksOfTargets, proxyOf } from '../../src/control/checks-of-targets.ts';
import type { Pod } from '../../src/control/world.ts';
import { pod } from './world.ts';

const fault: FaultWork = {
  id: 'f1',
  device: 'eth0',
  direction: 'egress',
  effect: { type: 'partition' },
  peers: 'all',
  excluded: [],
  dosePeers: {},
  exposure: [],
};
const meshed: Pod = { ...pod('payments', 1), spec: { nodeName: 'lab', containers: [{ name: 'main' }, { name: 'istio-proxy' }] } };
const kindsOf = (changes: Partial<FaultWork> = {}, pods: Pod[] = [meshed], activeMs = 60_000) =>
  checksOfTargets({ ...fault, ...changes }, pods, activeMs).map(({ check }) => check);
const always = ['ip-stack', 'conntrack', 'short-circuit'];

describe('what a node is asked about the targets of a fault', () => {
  it.each<[string, Partial<FaultWork>, string[]]>([
    ['a partition', {}, ['tcp-timeouts']],
    ['one of UDP', { protocol: 'udp' }, []],
    ['a short delay', { effect: { type: 'delay', delayMs: 200, jitterMs: 0, distribution: 'uniform' } }, []],
    ['packets at own ports', { ports: [{ first: 8080, last: 8080 }] }, ['tcp-timeouts', 'service-mesh']],
    [
      'packets to ports',
      { peers: { ipv4: [], ipv6: [], atPorts: [{ ipv4: ['10.0.0.1'], ipv6: [], ports: { first: 80, last: 80 } }] } },
      ['tcp-timeouts', 'service-mesh'],
    ],
    [
      'packets to ports of a host',
      { hosts: { peers: [{ host: 'example.org', ports: { first: 443, last: 443 } }], except: [] } },
      ['tcp-timeouts', 'service-mesh'],
    ],
    ['packets to a host', { hosts: { peers: [{ host: 'example.org' }], except: [] } }, ['tcp-timeouts']],
  ])('is of %s', (_, changes, more) => {
    expect(kindsOf(changes)).toEqual([...always, ...more]);
  });

  it('is nothing of ports where no pod has a proxy', () => {
    expect(kindsOf({ ports: [{ first: 80, last: 80 }] }, [pod('payments', 1)])).toEqual([...always, 'tcp-timeouts']);
  });

  it('tells the RuntimeClass of pods that have one', () => {
    const sandboxed: Pod = { ...pod('sandboxed', 2), spec: { nodeName: 'lab', runtimeClassName: 'gvisor' } };
    expect(checksOfTargets(fault, [meshed, sandboxed], 1)[0]).toEqual({
      check: 'ip-stack',
      podUids: ['uid-payments', 'uid-sandboxed'],
      device: 'eth0',
      runtimeClasses: { 'uid-sandboxed': 'gvisor' },
    });
  });

  it('finds a sidecar also among the initial containers, where Kubernetes keeps some', () => {
    expect(proxyOf({ ...meshed, spec: { initContainers: [{ name: 'linkerd-proxy' }] } })).toBe('linkerd-proxy');
    expect(proxyOf(pod('payments', 1))).toBeUndefined();
  });
});
