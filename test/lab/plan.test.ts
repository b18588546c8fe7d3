import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clusterAddresses, gateway, linkLocalAddress, podAddresses } from '../../src/lab/addresses.ts';
import { parseTopology } from '../../src/lab/index.ts';
import { nodeBatch, podBatch, servicesRuleset } from '../../src/lab/network-text.ts';
import { planLab } from '../../src/lab/plan.ts';

const text = `
apiVersion: v1
kind: Pod
metadata: { name: a, labels: { app: x } }
spec:
  containers:
    - name: main
      command: [serve, $(HOSTNAME)]
      args: ['--port', '80']
      workingDir: sub
      ports: [{ name: http, containerPort: 80 }]
      readinessProbe: { httpGet: { path: /up, port: http, httpHeaders: [{ name: Host, value: shop }] }, periodSeconds: 3 }
---
apiVersion: v1
kind: Pod
metadata: { name: b, labels: { app: x } }
spec: { containers: [{ name: main, command: [serve], ports: [{ name: http, containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: c, namespace: other, labels: { app: x } }
spec: { containers: [{ name: main, command: [serve] }] }
---
apiVersion: v1
kind: Service
metadata: { name: x }
spec: { selector: { app: x }, ports: [{ port: 9, targetPort: http }] }
---
apiVersion: v1
kind: Service
metadata: { name: six }
spec: { selector: { app: x }, ipFamilies: [IPv6], ports: [{ port: 9, protocol: UDP }] }
`;

function plan() {
  let uids = 0;
  return planLab(parseTopology(text, 'test.yaml', '/folder'), {
    instance: '0a0b0c0d',
    now: 0,
    newUid: () => `uid-${String((uids += 1))}`,
    baseEnvironment: { PATH: '/bin' },
  });
}

describe('planLab', () => {
  it('decides everything from its arguments', () => {
    expect(plan()).toEqual(plan());
    expect(plan()).toMatchObject({ createdAt: '1970-01-01T00:00:00.000Z', nodeNetworkNamespace: 'squall-node-0a0b0c0d' });
  });

  it('gives a container its command, folder and readiness check', () => {
    expect(plan().pods[0]).toMatchObject({
      networkNamespace: `squall-${plan().pods[0]?.uid ?? ''}`,
      containers: [
        {
          command: ['serve', 'a', '--port', '80'],
          workingDirectory: '/folder/sub',
          readiness: { address: '10.88.0.2', port: 80, path: '/up', headers: { Host: 'shop' }, periodMs: 3000, timeoutMs: 1000 },
        },
      ],
    });
  });

  it('selects pods of the same namespace only, each by its own port of the name', () => {
    expect(plan().services[0]?.ports[0]?.endpoints).toEqual([
      { podIndex: 0, port: 80 },
      { podIndex: 1, port: 8080 },
    ]);
  });

  it('makes the namespaces that are only mentioned', () => {
    expect(plan().namespaces.map(({ manifest }) => manifest.metadata.name)).toEqual(['default', 'other']);
  });
});

describe('addresses', () => {
  it('are valid and never the same for two things', () => {
    fc.assert(
      fc.property(fc.nat(499), fc.nat(499), (one, other) => {
        const all = (index: number) => [podAddresses(index), clusterAddresses(index)];
        for (const { ipv4, ipv6 } of all(one)) expect([isIPv4(ipv4), isIPv6(ipv6)]).toEqual([true, true]);
        expect(isIPv6(linkLocalAddress(one))).toBe(true);
        const taken = [gateway, ...all(one), ...(one === other ? [] : all(other))].flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]);
        expect(new Set(taken).size).toBe(taken.length);
      }),
    );
  });
});

describe('the network texts', () => {
  it('translate a cluster address to every endpoint, in the families that the service has', () => {
    const rules = servicesRuleset(plan());
    expect(rules).toContain(
      'ip daddr 10.89.0.1 tcp dport 9 dnat ip to numgen inc mod 2 map { 0 : 10.88.0.2 . 80, 1 : 10.88.0.3 . 8080 }',
    );
    expect(rules).toContain('ip6 daddr fd53:7175:616c:2::1 tcp dport 9 dnat ip6 to numgen inc mod 2 map {');
    expect(rules).toContain('ip6 daddr fd53:7175:616c:2::2 udp dport 9 dnat ip6 to');
    expect(rules).not.toContain('ip daddr 10.89.0.2 udp');
  });

  it('put every pod on the bridge and give it both addresses', () => {
    const { pods } = plan();
    expect(nodeBatch(plan()).match(/ master squall0 /g)).toHaveLength(pods.length);
    for (const pod of pods)
      expect(podBatch(pod)).toContain(`addr add ${pod.addresses.ipv4}/32 dev eth0\naddr add ${pod.addresses.ipv6}/128`);
  });
});
