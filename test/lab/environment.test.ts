import { describe, expect, it } from 'vitest';
import { containerEnvironment, expand } from '../../src/lab/environment.ts';
import { parseTopology } from '../../src/lab/index.ts';

const { pods, services } = parseTopology(
  `
apiVersion: v1
kind: Pod
metadata: { name: web-0, namespace: shop, labels: { app: web, 'example.org/tier': front }, annotations: { note: hi } }
spec:
  containers:
    - name: main
      command: [x]
      env:
        - { name: PLAIN, value: a }
        - { name: NEXT, value: 'http://$(DB_SERVICE_HOST):$(DB_SERVICE_PORT)/$(PLAIN)$(LATER)' }
        - { name: LATER, value: $$(PLAIN) }
        - { name: EMPTY }
        - { name: IP, valueFrom: { fieldRef: { fieldPath: status.podIP } } }
        - { name: IPS, valueFrom: { fieldRef: { fieldPath: status.podIPs } } }
        - { name: HOST_IP, valueFrom: { fieldRef: { fieldPath: status.hostIP } } }
        - { name: NODE, valueFrom: { fieldRef: { fieldPath: spec.nodeName } } }
        - { name: UID, valueFrom: { fieldRef: { fieldPath: metadata.uid } } }
        - { name: TIER, valueFrom: { fieldRef: { fieldPath: "metadata.labels['example.org/tier']" } } }
        - { name: NOTE, valueFrom: { fieldRef: { fieldPath: "metadata.annotations['note']" } } }
---
apiVersion: v1
kind: Pod
metadata: { name: quiet, namespace: shop }
spec: { enableServiceLinks: false, containers: [{ name: main, command: [x] }] }
---
{ apiVersion: v1, kind: Service, metadata: { name: db, namespace: shop }, spec: { selector: { app: web }, ports: [{ port: 5432 }] } }
---
{ apiVersion: v1, kind: Service, metadata: { name: two-ports, namespace: shop }, spec: { selector: { app: web }, ports: [{ name: http, port: 80 }, { name: admin-api, port: 81 }] } }
---
{ apiVersion: v1, kind: Service, metadata: { name: headless, namespace: shop }, spec: { clusterIP: None, selector: { app: web }, ports: [{ port: 80 }] } }
---
{ apiVersion: v1, kind: Service, metadata: { name: elsewhere }, spec: { selector: { app: web }, ports: [{ port: 80 }] } }
`,
  'test.yaml',
  '/',
);
const facts = { uid: 'u-1', nodeName: 'lab', podIPs: ['10.0.0.2', 'fd00::2'], hostIPs: ['10.0.0.1', 'fd00::1'] };
const placed = services.map((manifest, index) => ({
  manifest,
  clusterIPs: manifest.spec.clusterIP === 'None' ? [] : [`10.1.0.${String(index)}`, `fd01::${String(index)}`],
}));

function environmentOf(name: string): Record<string, string> {
  const pod = pods.find(({ metadata }) => metadata.name === name);
  const container = pod?.spec.containers[0];
  if (pod === undefined || container === undefined) throw new Error(`no pod ${name}`);
  return containerEnvironment(pod, container, facts, placed, { PATH: '/bin' });
}

describe('containerEnvironment', () => {
  it('has the base, the host name, the services of its namespace and its own variables', () => {
    expect(environmentOf('web-0')).toEqual({
      PATH: '/bin',
      HOSTNAME: 'web-0',
      DB_SERVICE_HOST: '10.1.0.0',
      DB_SERVICE_PORT: '5432',
      TWO_PORTS_SERVICE_HOST: '10.1.0.1',
      TWO_PORTS_SERVICE_PORT: '80',
      TWO_PORTS_SERVICE_PORT_HTTP: '80',
      TWO_PORTS_SERVICE_PORT_ADMIN_API: '81',
      PLAIN: 'a',
      NEXT: 'http://10.1.0.0:5432/a$(LATER)',
      LATER: '$(PLAIN)',
      EMPTY: '',
      IP: '10.0.0.2',
      IPS: '10.0.0.2,fd00::2',
      HOST_IP: '10.0.0.1',
      NODE: 'lab',
      UID: 'u-1',
      TIER: 'front',
      NOTE: 'hi',
    });
  });

  it('tells no services where the pod wants none', () => {
    expect(environmentOf('quiet')).toEqual({ PATH: '/bin', HOSTNAME: 'quiet' });
  });
});

describe('expand', () => {
  it.each([
    ['$(A)', 'x'],
    ['$(A)$(A)-$(B)', 'xx-$(B)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$x'],
    ['$A ${A} $', '$A ${A} $'],
    ['$(toString)', '$(toString)'],
  ])('turns %s into %s', (text, expected) => {
    expect(expand(text, { A: 'x' })).toBe(expected);
  });
});
