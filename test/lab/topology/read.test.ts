import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SquallError } from '../../../src/lib/index.ts';
import { parseTopology, readTopology } from '../../../src/lab/index.ts';

const parse = (text: string) => parseTopology(text, 'lab.yaml', '/folder');
const problemsOf = (text: string): string[] => {
  try {
    parse(text);
    return [];
  } catch (error) {
    if (!(error instanceof SquallError) || error.code !== 'InvalidInput') throw error;
    return error.message.split('\n');
  }
};
const pod = (name: string, more = '') => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: ${name} } }
spec:
  containers:
    - name: main
      command: [sleep, '1']
${more}`;
const service = (spec: string) => `---
apiVersion: v1
kind: Service
metadata: { name: s }
spec: ${spec}
`;
const budget = (spec: string) => `---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: b }
spec: ${spec}
`;

describe('parseTopology', () => {
  it('fills in what Kubernetes would', () => {
    const { pods, services, folder } = parse(
      `${pod('web', '      ports: [{ containerPort: 80 }]\n')}${service('{ selector: { app: web }, ports: [{ port: 80 }] }')}`,
    );
    expect(folder).toBe('/folder');
    expect(pods[0]).toMatchObject({
      metadata: { namespace: 'default', annotations: {} },
      spec: {
        restartPolicy: 'Always',
        enableServiceLinks: true,
        containers: [{ args: [], env: [], ports: [{ protocol: 'TCP' }] }],
      },
    });
    expect(services[0]).toMatchObject({
      spec: { type: 'ClusterIP', ipFamilies: ['IPv4', 'IPv6'], ports: [{ protocol: 'TCP' }] },
    });
  });

  it('reads several documents, empty documents and the items of a List', () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n  - { apiVersion: v1, kind: Namespace, metadata: { name: n } }\n  - ${JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'b' }, spec: { containers: [{ name: 'c', command: ['x'] }] } })}\n`;
    const { pods, namespaces } = parse(`---\n---\n${pod('a')}---\n${list}`);
    expect(pods.map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
    expect(namespaces.map(({ metadata }) => metadata.name)).toEqual(['n']);
  });

  it('warns once about everything that it ignores, and about services without pods', () => {
    const more = '      image: nginx\n      resources: {}\n';
    const { warnings } = parse(
      `${pod('a', more)}---\n${pod('b', more)}${service('{ selector: { app: none }, ports: [{ port: 80 }] }')}`,
    );
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/spec\.containers\[\]\.image, spec\.containers\[\]\.resources/);
    expect(warnings[1]).toMatch(/default\/s selects no pod/);
  });

  it.each([
    ['an unknown kind', `kind: Deployment\n`, /^lab\.yaml:1: kind: "Deployment": a lab topology has Pod, Service and Namespace/],
    [
      'a budget with both of its limits',
      `${pod('a')}${budget('{ selector: {}, minAvailable: 1, maxUnavailable: 1 }')}`,
      /spec: .*expected one of minAvailable and maxUnavailable/,
    ],
    [
      'a budget whose share is none',
      `${pod('a')}${budget('{ selector: {}, minAvailable: 101% }')}`,
      /minAvailable: "101%": expected/,
    ],
    [
      'a budget given twice',
      `${pod('a')}${budget('{ selector: {}, minAvailable: 1 }')}${budget('{ selector: {}, minAvailable: 2 }')}`,
      /PodDisruptionBudget default\/b is already defined/,
    ],
    ['no kind', `a: 1\n`, /^lab\.yaml:1: kind: missing/],
    ['a document that is no object', `- 1\n`, /^lab\.yaml:1: kind: missing/],
    ['no pod at all', ``, /expected at least one Pod/],
    ['broken YAML', `${pod('a')}---\na: [`, /^lab\.yaml:9:/],
    ['a key given twice', `${pod('a')}---\nkind: Pod\nkind: Pod\n`, /^lab\.yaml:10: Map keys must be unique/],
    ['a bad name', pod('A_b'), /^lab\.yaml:3: metadata\.name: "A_b": expected a DNS label/],
    ['another API version', pod('a').replace('v1', 'v2'), /^lab\.yaml:1: apiVersion: "v2": expected v1/],
    [
      'a missing command',
      pod('a').replace(/ +command.*\n/, ''),
      /^lab\.yaml:6: spec\.containers\[0\]\.command: missing: .*needs a command/,
    ],
    [
      'an unknown field',
      pod('a', '      volumeMounts: []\n'),
      /^lab\.yaml:8: spec\.containers\[0\]\.volumeMounts: the lab has no such field/,
    ],
    [
      'an unknown field of the pod',
      pod('a', '  hostNetwork: true\n'),
      /^lab\.yaml:8: spec\.hostNetwork: the lab has no such field/,
    ],
    [
      'a port out of range',
      pod('a', '      ports:\n        - containerPort: 70000\n'),
      /^lab\.yaml:9: spec\.containers\[0\]\.ports\[0\]\.containerPort: 70000: expected a port from 1/,
    ],
    [
      'a number as a variable',
      pod('a', '      env:\n        - name: A\n          value: 5\n'),
      /^lab\.yaml:10: .*\.value: 5: expected a string/,
    ],
    [
      'two values of a variable',
      pod('a', '      env: [{ name: A, value: x, valueFrom: { fieldRef: { fieldPath: metadata.name } } }]\n'),
      /expected either value or valueFrom/,
    ],
    [
      'a field the pod lacks',
      pod('a', '      env: [{ name: A, valueFrom: { fieldRef: { fieldPath: spec.volumes } } }]\n'),
      /"spec\.volumes": expected a field of the pod/,
    ],
    [
      'a secret',
      pod('a', '      env: [{ name: A, valueFrom: { secretKeyRef: { name: s, key: k } } }]\n'),
      /secretKeyRef: the lab has no such field/,
    ],
    [
      'two kinds of probe',
      pod('a', '      readinessProbe: { httpGet: { port: 1 }, tcpSocket: { port: 1 } }\n'),
      /expected one of httpGet and tcpSocket/,
    ],
    [
      'a probe of an unknown port',
      pod('a', '      readinessProbe: { httpGet: { port: http } }\n'),
      /^lab\.yaml:8: .*httpGet\.port: "http" is not the name/,
    ],
    ['a pod twice', `${pod('a')}---\n${pod('a')}`, /^lab\.yaml:11: metadata\.name: Pod default\/a is already defined/],
    [
      'a container twice',
      pod('a', "    - name: main\n      command: ['x']\n"),
      /^lab\.yaml:8: .*container main is already defined/,
    ],
    ['no selector', pod('a') + service('{ ports: [{ port: 80 }] }'), /^lab\.yaml:12: spec\.selector: missing/],
    [
      'an empty selector',
      pod('a') + service('{ selector: {}, ports: [{ port: 80 }] }'),
      /spec\.selector: \{\}: .*an empty selector selects nothing/,
    ],
    [
      'a service type',
      pod('a') + service('{ type: NodePort, selector: { app: a }, ports: [{ port: 80 }] }'),
      /spec\.type: "NodePort": expected ClusterIP/,
    ],
    [
      'a cluster address',
      pod('a') + service('{ clusterIP: 10.0.0.1, selector: { app: a }, ports: [{ port: 80 }] }'),
      /spec\.clusterIP: "10\.0\.0\.1": expected None/,
    ],
    ['ports without names', pod('a') + service('{ selector: { app: a }, ports: [{ port: 80 }, { port: 81 }] }'), /names each/],
    [
      'a port twice',
      pod('a') + service('{ selector: { app: a }, ports: [{ name: x, port: 80 }, { name: y, port: 80 }] }'),
      /TCP 80 is already defined/,
    ],
    [
      'an unknown target port',
      pod('a') + service('{ selector: { app: a }, ports: [{ port: 80, targetPort: web }] }'),
      /"web" is not the name of a port of any pod/,
    ],
    [
      'an unknown protocol',
      pod('a') + service('{ selector: { app: a }, ports: [{ port: 80, protocol: SCTP }] }'),
      /"SCTP": expected TCP or UDP/,
    ],
    [
      'single stack with two families',
      pod('a') + service('{ ipFamilyPolicy: SingleStack, selector: { app: a }, ports: [{ port: 80 }] }'),
      /exactly one family/,
    ],
    [
      'an alias bomb',
      `a: &a [x, x]\n${['b', 'c', 'd', 'e', 'f', 'g', 'h']
        .map(
          (name, index) =>
            `${name}: &${name} [${Array(9)
              .fill(`*${'abcdefg'[index] ?? ''}`)
              .join(', ')}]`,
        )
        .join('\n')}\n`,
      /Excessive alias count/,
    ],
    ['a megabyte', `# ${'x'.repeat(1024 * 1024)}\n`, /more than 1048576 bytes/],
    [
      '501 pods',
      Array.from({ length: 501 }, (_, index) => pod(`p${String(index)}`)).join('---\n'),
      /501 pods: a lab takes at most 500/,
    ],
  ])('refuses %s', (_, text, message) => {
    expect(problemsOf(text)).toEqual(expect.arrayContaining([expect.stringMatching(message)]));
  });

  it('lists every problem of every document', () => {
    const problems = problemsOf(`${pod('A')}---\n${pod('B', '      volumeMounts: []\n')}---\nkind: Job\n`);
    expect(problems.map((problem) => problem.split(':')[1])).toEqual(['3', '11', '16', '18']);
  });

  it('never fails otherwise than by InvalidInput, whatever the text', () => {
    const yamlPieces = fc.constantFrom(
      'kind: Pod\n',
      '---\n',
      'metadata: ',
      '{',
      '}',
      '[',
      ']',
      '- ',
      '  ',
      '\n',
      '&a ',
      '*a ',
      '!!binary ',
      'spec:\n',
      '? ',
      ': ',
      '<<: ',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(yamlPieces).map((pieces) => pieces.join('')),
      fc.json(),
    );
    fc.assert(
      fc.property(text, (input) => {
        problemsOf(input);
      }),
    );
  });
});

describe('readTopology', () => {
  it('says which file cannot be read', async () => {
    await expect(readTopology({ file: '/no/such/lab.yaml' })).rejects.toMatchObject({
      code: 'InvalidInput',
      message: expect.stringContaining('/no/such/lab.yaml') as string,
    });
  });

  it.each(['shop.yaml', 'shop-openvswitch.yaml'])('accepts the lab %s that comes with Squall without a warning', async (name) => {
    const topology = await readTopology({ file: `experiments/lab/${name}` });
    expect(topology.warnings).toEqual([]);
  });
});
