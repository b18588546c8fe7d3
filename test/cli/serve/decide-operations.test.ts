import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Manifest, readManifests } from '../../../src/api/index.ts';
import {
  decideOperations,
  fileAnnotation,
  keyOf,
  type Operation,
  specHash,
  specHashAnnotation,
  type StoredFollowed,
} from '../../../src/cli/serve/decide-operations.ts';
import type { FolderFile } from '../../../src/cli/serve/read-folder.ts';

const shaper = (value: string) => `
apiVersion: networkmachinery.io/v1alpha1
kind: NetworkTrafficShaper
metadata: {name: slow, namespace: shop}
spec:
  duration: 2s
  targets: [{kind: selector, namespace: shop, targetSelector: {matchLabels: {app: payments}}}]
  configuration: {type: delay, device: eth0, value: ${value}}
`;
const experiment = (name: string, duration = '2s') => `
apiVersion: networkmachinery.io/v1alpha1
kind: NetworkExperiment
metadata: {name: ${name}, namespace: shop}
spec: {duration: ${duration}, fault: {ref: slow}}
`;

const monitor = (value: number) => `
apiVersion: networkmachinery.io/v1alpha1
kind: NetworkMonitor
metadata: {name: traffic, namespace: shop}
spec: {flows: [{name: tcp, keys: ipsource, value: frames}], thresholds: [{name: storm, value: ${String(value)}, flowName: tcp}]}
`;

function manifestsOf(name: string, ...texts: string[]): Manifest[] {
  const { manifests, errors } = readManifests([{ name, text: texts.join('---') }]);
  expect(errors).toEqual([]);
  return manifests;
}

const good = (name: string, ...texts: string[]): FolderFile => ({ name, state: 'good', manifests: manifestsOf(name, ...texts) });
const bad = (name: string): FolderFile => {
  const problem = { file: name, line: 1, path: '', value: 'nothing', message: 'broken', code: 'InvalidInput' as const };
  return { name, state: 'bad', problems: [problem] };
};

/** A store that does what is decided, without a server. */
function carriedOut(operations: readonly Operation[], before: readonly StoredFollowed[] = []): StoredFollowed[] {
  const objects = new Map(before.map((object) => [keyOf(object), object]));
  for (const operation of operations) {
    if (operation.type === 'delete') objects.delete(keyOf(operation.stored));
    else {
      const { object } = operation;
      const kept = operation.type === 'update' ? operation.stored.metadata : { uid: crypto.randomUUID() };
      objects.set(keyOf(object), {
        ...object,
        metadata: { creationTimestamp: '', resourceVersion: '1', ...kept, ...object.metadata },
      });
    }
  }
  return [...objects.values()];
}

const names = (operations: readonly Operation[]) =>
  operations.map((operation) => {
    const { metadata } = operation.type === 'delete' ? operation.stored : operation.object;
    return `${operation.type} ${metadata.name}`;
  });
const storedFrom = (...files: FolderFile[]) => carriedOut(decideOperations(files, []).operations);

describe('what is done about a folder', () => {
  const both = good('a.yaml', experiment('first'), shaper('100ms'));

  it('creates what the store has not, what is referred to first, with the name of the file and a hash of the spec', () => {
    const { operations, problems } = decideOperations([both], []);
    expect(problems).toEqual([]);
    expect(names(operations)).toEqual(['create slow', 'create first']);
    const [slow] = carriedOut(operations);
    expect(slow?.metadata.annotations).toEqual({ [fileAnnotation]: 'a.yaml', [specHashAnnotation]: specHash(slow?.spec) });
  });

  it.each<[string, FolderFile[], string[]]>([
    ['nothing has changed', [both], []],
    ['a shaper has changed', [good('a.yaml', experiment('first'), shaper('200ms'))], ['update slow']],
    ['an experiment has changed', [good('a.yaml', experiment('first', '3s'), shaper('100ms'))], ['replace first']],
    ['one of two objects is gone from its file', [good('a.yaml', shaper('100ms'))], ['delete first']],
    ['the file is gone', [], ['delete slow', 'delete first']],
    ['the file is bad', [bad('a.yaml')], []],
    ['the file is still being written', [{ name: 'a.yaml', state: 'unsettled' }], []],
    [
      'an experiment has moved to another file',
      [good('a.yaml', shaper('100ms')), good('b.yaml', experiment('first'))],
      ['update first'],
    ],
    ['another file adds an experiment', [both, good('b.yaml', experiment('second'))], ['create second']],
  ])('when %s', (_, files, expected) => {
    expect(names(decideOperations(files, storedFrom(both)).operations).sort()).toEqual(expected.sort());
  });

  it.each<[string, FolderFile[], string[]]>([
    ['is new', [good('m.yaml', experiment('first'), monitor(100))], ['create traffic', 'create first']],
    ['is as it was', [good('m.yaml', monitor(100))], []],
    ['has changed', [good('m.yaml', monitor(200))], ['update traffic']],
    ['is in a file that is bad now', [bad('m.yaml')], []],
    ['is gone', [], ['delete traffic']],
  ])('keeps the store in line with a monitor that %s', (what, files, expected) => {
    const before = what === 'is new' ? [] : storedFrom(good('m.yaml', monitor(100)));
    expect(names(decideOperations(files, before).operations)).toEqual(expected);
  });

  it('leaves a name to the first file that uses it, also while that file is bad, and reports the other', () => {
    const twin = good('b.yaml', experiment('first', '9s'));
    const stored = storedFrom(both);
    for (const files of [
      [both, twin],
      [bad('a.yaml'), twin],
    ]) {
      const { operations, problems } = decideOperations(files, stored);
      expect(operations).toEqual([]);
      const told = problems.find(({ file }) => file === 'b.yaml');
      expect(told?.message).toMatch(/a\.yaml has this NetworkExperiment already/);
      expect(told?.line).toBeGreaterThan(0);
    }
  });

  const foreign = (status: { run: { phase: string } }, labels?: Record<string, string>): StoredFollowed => {
    const [object] = storedFrom(good('x.yaml', experiment('first')));
    if (!object) throw new Error('nothing was created');
    const { annotations: _, ...metadata } = object.metadata;
    return { ...object, metadata: { ...metadata, ...(labels ? { labels } : {}) }, status };
  };

  it.each([
    ['takes over a run of that name that is over', foreign({ run: { phase: 'done' } }), ['replace first'], []],
    ['leaves a run of that name that is active', foreign({ run: { phase: 'during' } }), [], [/is active/]],
    [
      "leaves a schedule's run of that name",
      foreign({ run: { phase: 'done' } }, { 'squall.networkmachinery.io/schedule': 'nightly' }),
      [],
      [/run of the schedule 'nightly'/],
    ],
  ])('%s', (_, object, expected, messages) => {
    const { operations, problems } = decideOperations([good('a.yaml', experiment('first'))], [object]);
    expect(names(operations)).toEqual(expected);
    expect(problems).toHaveLength(messages.length);
    for (const [index, pattern] of messages.entries()) expect(problems[index]?.message).toMatch(pattern);
  });

  it('never deletes or changes what did not come from the folder, whatever the folder holds', () => {
    const someFile = fc.record({
      kind: fc.constantFrom('good', 'bad', 'unsettled', 'gone'),
      texts: fc.uniqueArray(fc.constantFrom('first', 'second', 'third'), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(someFile, { maxLength: 4 }), fc.array(someFile, { maxLength: 4 }), (now, earlier) => {
        const filesOf = (some: typeof now): FolderFile[] =>
          some.flatMap(({ kind, texts }, index): FolderFile[] => {
            const name = `${String(index)}.yaml`;
            if (kind === 'gone' || texts.length === 0) return [];
            if (kind === 'bad') return [bad(name)];
            return kind === 'good' ? [good(name, ...texts.map((text) => experiment(text)))] : [{ name, state: 'unsettled' }];
          });
        const others = [foreign({ run: { phase: 'during' } })];
        const before = carriedOut(decideOperations(filesOf(earlier), others).operations, others);
        const { operations } = decideOperations(filesOf(now), before);
        for (const operation of operations)
          if (operation.type !== 'create') expect(operation.stored.metadata.annotations).toHaveProperty([fileAnnotation]);
        // Carried out once, there is nothing left to do.
        expect(decideOperations(filesOf(now), carriedOut(operations, before)).operations).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the hash of a spec', () => {
  it('does not depend on the order of fields, and does on that of lists and on values', () => {
    expect(specHash({ a: 1, b: { c: 2, d: [1, 2] } })).toBe(specHash({ b: { d: [1, 2], c: 2 }, a: 1 }));
    expect(specHash({ a: [1, 2] })).not.toBe(specHash({ a: [2, 1] }));
    expect(specHash({ a: 1 })).not.toBe(specHash({ a: '1' }));
  });
});
