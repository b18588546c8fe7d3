import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { formatProblem, readManifests } from '../../src/api/index.ts';
import { connectivity, experiment, goodSpecs, manifestText, readText, shaper } from './samples.ts';

const good = manifestText('NetworkTrafficShaper', shaper);

/** `line: path: message` of every error. */
function errorLines(text: string): string[] {
  return readText(text).errors.map(({ line, path, message }) => `${line}: ${path}: ${message}`);
}

describe('an error', () => {
  const text = `# a comment
apiVersion: networkmachinery.io/v1alpha1
kind: NetworkExperiment
metadata: {name: bad}
spec:
  duration: 20
  fualt: {}
  fault:
    targets:
      - kind: selector
        targetSelector: {}
    configuration: {type: loss, value: 150%, device: "eth0; reboot"}
  hypothesis:
    - name: twice
      connectivity: {layer: "4", source: {name: a}, destinations: [{kind: pod, name: b}]}
    - name: twice
      connectivity: {ref: test}
      tolerance: {lossPercent: -1}
`;

  it('is one of all that a document has, each with line, field and expectation', () => {
    expect(errorLines(text)).toEqual([
      expect.stringMatching(/^6: spec\.duration: expected a duration with a unit/),
      expect.stringMatching(/^7: spec\.fualt: unknown field; did you mean fault\?/),
      expect.stringMatching(/^11: spec\.fault\.targets\[0\]\.targetSelector: an empty selector would select every pod/),
      expect.stringMatching(/^12: spec\.fault\.configuration\.value: expected a percentage/),
      expect.stringMatching(/^12: spec\.fault\.configuration\.device: expected a device name/),
      expect.stringMatching(/^15: spec\.hypothesis\[0\]\.connectivity\.destinations\[0\]\.port: required with layer 4/),
      expect.stringMatching(/^18: spec\.hypothesis\[1\]\.tolerance\.lossPercent: expected a percentage from 0/),
    ]);
  });

  it('is printed with file, line, field, expectation and value', () => {
    const [first] = readText(text, 'shop.yaml').errors;
    expect(first && formatProblem(first)).toBe(
      'shop.yaml:6: spec.duration: expected a duration with a unit from 1s to 168h, such as 1s (got 20)',
    );
  });

  it('cannot steer a terminal with the value that it quotes', () => {
    const [error] = readText(manifestText('NetworkTrafficShaper', { ...shaper, direction: '\u001b[2Jegress\u009b\n' })).errors;
    expect(error && formatProblem(error)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });
});

describe('bad input', () => {
  it.each([
    ['an unknown kind', manifestText('NetworkExperimnt', experiment), /kind: unknown kind; did you mean NetworkExperiment\?/],
    [
      'a kind of another group',
      manifestText('NetworkExperiment', {}).replace('networkmachinery.io', 'example.org'),
      /not a kind of Squall/,
    ],
    ['another version', manifestText('NetworkExperiment', {}).replace('v1alpha1', 'v1'), /only version v1alpha1/],
    ['no kind', '{apiVersion: networkmachinery.io/v1alpha1}', /kind: required/],
    ['no apiVersion', '{kind: NetworkExperiment}', /apiVersion: required/],
    ['an unknown field', manifestText('NetworkTrafficShaper', { ...shaper, confguration: 1 }), /did you mean configuration\?/],
    ['an unknown field of the object', good.replace('"spec"', '"sepc":{},"spec"'), /sepc: unknown field; did you mean spec\?/],
    [
      'an unknown field of metadata',
      manifestText('NetworkTrafficShaper', shaper, { name: 'a', lables: {} }),
      /metadata\.lables: unknown field; did you mean labels\?/,
    ],
    ['a generated name', manifestText('NetworkTrafficShaper', shaper, { generateName: 'a-' }), /metadata\.name: required/],
    ['a name that Kubernetes refuses', manifestText('NetworkTrafficShaper', shaper, { name: 'A_b' }), /RFC 1123/],
    [
      'a name from which no report could be named',
      manifestText('NetworkExperiment', experiment, { name: 'a'.repeat(250) }),
      /at most 246/,
    ],
    [
      'a schedule whose name no label of its runs could have',
      manifestText('NetworkExperimentSchedule', goodSpecs.NetworkExperimentSchedule, { name: 'a'.repeat(64) }),
      /metadata\.name: expected at most 63 characters, found 64: .*labels; shorten it/,
    ],
    [
      'a number as a name',
      '{apiVersion: networkmachinery.io/v1alpha1, kind: NetworkExperiment, metadata: {name: 7}}',
      /metadata\.name: expected/,
    ],
    [
      'a namespace where there is none',
      manifestText('NetworkModulesValidator', { modules: ['a'] }, { name: 'a', namespace: 'b' }),
      /belongs to no namespace/,
    ],
    ['an internal kind', manifestText('NodeTask', {}), /spec\.node: /],
    ['a delay without unit', good.replace('200ms', '200'), /did you mean 200ms\?/],
    ['a loss without unit', good.replace('200ms', '90').replace('"delay"', '"loss"'), /did you mean 90%\?/],
    ['a negative percentage', good.replace('200ms', '-5%').replace('"delay"', '"loss"'), /0\.00001% to 100%/],
    ['a percentage above 100', good.replace('200ms', '101%').replace('"delay"', '"loss"'), /0\.00001% to 100%/],
    ['a delay that tc refuses', good.replace('200ms', '275s'), /1us to 274s/],
    ['a device name with a blank', good.replace('eth0', 'eth 0'), /device name/],
    ['a device name with a semicolon', good.replace('eth0', 'a;b'), /device name/],
    ['a field that stands twice', 'a: 1\nb: {c: 1, c: 2}\n', /b\.c: expected each field once; it stands in line 2 already/],
    ['a text that is no YAML', 'a: [1, 2', /not valid YAML/],
    ['an unknown tag', 'a: !!python/object x', /not valid YAML/],
    ['nothing', '# only a comment\n---\n', /no manifest in it/],
    ['a list instead of an object', '[1, 2]', /expected an object with apiVersion/],
    ['an alias of nothing', 'a: *b', /nresolved alias/],
    ['a manifest of Chaos Mesh', '{apiVersion: chaos-mesh.org/v1alpha1, kind: NetworkChaos}', /read by a later part/],
  ])('%s is refused', (_title, text, message) => {
    const result = readText(text);
    expect(result.manifests).toEqual([]);
    expect(result.errors.map(({ path, message: said }) => `${path}: ${said}`).join('\n')).toMatch(message);
  });

  it('of Chaos Mesh is not implemented, not invalid', () => {
    expect(readText('{apiVersion: chaos-mesh.org/v1alpha1, kind: NetworkChaos}').errors[0]?.code).toBe('NotImplemented');
  });

  it('in one document makes the whole input invalid, but the others are named', () => {
    const result = readManifests([
      { name: 'good.yaml', text: good },
      {
        name: 'list.yaml',
        text: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [JSON.parse(good), { kind: 'What' }] }),
      },
    ]);
    expect(result.manifests).toEqual([]);
    expect(result.errors.map(({ file, path }) => `${file}: ${path}`)).toEqual([
      'list.yaml: items[1].apiVersion',
      'list.yaml: items[0].metadata.name',
    ]);
    expect(result.documents.map(({ name, valid }) => [name, valid])).toEqual([
      ['sample', true],
      ['sample', false],
      ['(unnamed)', false],
    ]);
  });

  it.each([
    ['in one file', [`${good}\n---\n${good}`]],
    ['in two files', [good, good]],
    [
      'once with the default namespace written',
      [good, manifestText('NetworkTrafficShaper', shaper, { name: 'sample', namespace: 'default' })],
    ],
  ])('that names an object twice %s is refused at the second', (_title, texts) => {
    const { errors } = readManifests(texts.map((text, index) => ({ name: `${index}.yaml`, text })));
    const twins = errors.filter(({ path }) => path === 'metadata.name');
    expect(twins).toHaveLength(1);
    expect(twins[0]).toMatchObject({
      path: 'metadata.name',
      message: expect.stringContaining('0.yaml:1 is NetworkTrafficShaper/default/sample') as string,
    });
  });

  it('does not name two objects of different kind or namespace twice', () => {
    const texts = [
      good,
      manifestText('NetworkTrafficShaper', shaper, { name: 'sample', namespace: 'b' }),
      manifestText('NetworkConnectivityTest', connectivity),
    ];
    expect(readManifests(texts.map((text, index) => ({ name: `${index}.yaml`, text }))).errors).toEqual([]);
  });
});

describe('a hostile text', () => {
  const bomb = [
    'a: &a [x, x, x, x, x, x, x, x, x]',
    ...'bcdefghi'.split('').map(
      (name, index) =>
        `${name}: &${name} [${Array(9)
          .fill(`*${'abcdefgh'[index] ?? ''}`)
          .join(', ')}]`,
    ),
  ].join('\n');

  it.each([
    ['10 MB of YAML', `a: ${'x'.repeat(10 * 1024 * 1024)}`, /too long; expected at most 1048576 bytes/],
    ['an alias bomb', bomb, /Excessive alias count/],
    ['an alias of what it stands in', 'a: &a [*a]', /an alias stands within/],
    ['a list of itself', '&a {apiVersion: v1, kind: List, items: [*a]}', /an alias stands within/],
    ['deep flow nesting', '['.repeat(500_000), /nested too deeply/],
    ['deep block nesting', '- '.repeat(500_000), /nested too deeply/],
    ['very many documents', '--- a\n'.repeat(20_000), /too many documents/],
    ['very many fields', Array.from({ length: 30_000 }, (_, index) => `k${index}: 1`).join('\n'), /apiVersion: required/],
  ])('%s is refused soon', (_title, text, message) => {
    const before = performance.now();
    const { manifests, errors } = readText(text);
    expect(manifests).toEqual([]);
    expect(errors.map(({ path, message: said }) => `${path}: ${said}`).join('\n')).toMatch(message);
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it('pollutes no prototype', () => {
    readText(good.replace('"spec":{', '"__proto__":{"polluted":1},"spec":{"__proto__":{"polluted":1},'));
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('of any content makes no exception, and none of it a manifest', () => {
    const yamlish = fc
      .array(
        fc.constantFrom(
          'a:',
          ' ',
          '\n',
          '- ',
          '[',
          ']',
          '{',
          '}',
          '&a',
          '*a',
          '"',
          "'",
          '|',
          '---',
          '!!x',
          '#',
          '\t',
          '?',
          ',',
          'kind: List',
        ),
      )
      .map((parts) => parts.join(''));
    const bytes = fc.uint8Array({ maxLength: 200 }).map((raw) => new TextDecoder().decode(raw));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), yamlish, bytes, fc.json()), (text) => {
        const { manifests, errors } = readText(text);
        expect(manifests).toEqual([]);
        expect(errors.length).toBeGreaterThan(0);
      }),
      { numRuns: 400 },
    );
  }, 30_000);

  it('of any JSON below a known kind makes no exception', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('NetworkTrafficShaper', 'NetworkExperiment', 'NetworkGameDay', 'NetworkModulesValidator'),
        fc.jsonValue(),
        (kind, spec) => {
          expect(readText(manifestText(kind, spec)).errors.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});

describe('good input', () => {
  it('becomes manifests in the order of the documents, with their lines', () => {
    const text = `---\n${good}\n---\n# nothing here\n---\n${manifestText('NetworkConnectivityTest', connectivity)}\n`;
    expect(readText(text).manifests.map(({ kind, line, object }) => [kind, line, object.metadata])).toEqual([
      ['NetworkTrafficShaper', 2, { name: 'sample', namespace: 'default' }],
      ['NetworkConnectivityTest', 6, { name: 'sample', namespace: 'default' }],
    ]);
  });

  it('is taken out of lists', () => {
    const items = [
      JSON.parse(good) as unknown,
      { apiVersion: 'v1', kind: 'List', items: [JSON.parse(manifestText('NetworkExperiment', experiment)) as unknown] },
    ];
    const { manifests, errors } = readText(JSON.stringify({ apiVersion: 'v1', kind: 'List', metadata: {}, items }));
    expect(errors).toEqual([]);
    expect(manifests.map(({ kind }) => kind)).toEqual(['NetworkTrafficShaper', 'NetworkExperiment']);
  });

  it('may be shared by a few aliases', () => {
    const text = `apiVersion: networkmachinery.io/v1alpha1
kind: NetworkTrafficShaper
metadata: {name: twice}
spec:
  targets:
    - {kind: selector, targetSelector: &who {matchLabels: {app: a}}}
    - {kind: selector, namespace: other, targetSelector: *who}
  configuration: {type: delay, value: 1s}
`;
    expect(readText(text).errors).toEqual([]);
  });

  it('may have been printed by a server: what only servers write is dropped with a warning', () => {
    const printed = {
      ...(JSON.parse(good) as object),
      metadata: { name: 'a', uid: 'x', resourceVersion: '7', finalizers: [] },
      status: { phase: 'Done' },
    };
    const { manifests, warnings } = readText(JSON.stringify(printed));
    expect(warnings.map(({ path }) => path).sort()).toEqual([
      'metadata.finalizers',
      'metadata.resourceVersion',
      'metadata.uid',
      'status',
    ]);
    expect(manifests[0]?.object).toEqual({ ...(JSON.parse(good) as object), metadata: { name: 'a', namespace: 'default' } });
  });

  it('without a hypothesis says how little it can show', () => {
    const { errors, warnings } = readText(manifestText('NetworkExperiment', { duration: '5s', fault: shaper }));
    expect([errors, warnings.map(({ path }) => path)]).toEqual([[], ['spec.hypothesis']]);
  });
});
