import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admitCreate, admitUpdate } from '../../src/embedded/admission.ts';
import { mergePatch } from '../../src/embedded/records.ts';
import { isDnsLabel, isLabelKey, isLabelValue, isSubdomain } from '../../src/embedded/names.ts';
import type { StoredObject } from '../../src/embedded/records.ts';

const resource = { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true, status: true };
const context = { namespace: 'shop', version: 7, uid: 'uid-7', now: '2030-01-01T00:00:00Z', suffix: 'abcde' };
const pod = (more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web' },
  spec: { nodeName: 'a' },
  ...more,
});

function stored(): StoredObject {
  const outcome = admitCreate(resource, pod({ status: { phase: 'Running' } }), context);
  if ('refusal' in outcome) throw new Error(outcome.refusal.message);
  return outcome.value;
}

describe('admission', () => {
  it('fills in what only the server may say, whatever the client says of it', () => {
    const metadata = {
      name: 'web',
      uid: 'mine',
      generation: 9,
      creationTimestamp: '1999-01-01T00:00:00Z',
      managedFields: [],
      deletionTimestamp: 'x',
    };
    expect(admitCreate(resource, pod({ metadata }), context)).toEqual({
      value: {
        ...pod(),
        metadata: {
          name: 'web',
          namespace: 'shop',
          uid: 'uid-7',
          resourceVersion: '7',
          generation: 1,
          creationTimestamp: context.now,
        },
      },
    });
  });

  it('gives back the stored object itself when an update changes nothing', () => {
    const object = stored();
    expect(admitUpdate(resource, object, structuredClone(object), undefined, 8)).toEqual({ value: object });
  });

  it.each([
    ['spec', { spec: { nodeName: 'b' } }, undefined, 2],
    ['another field', { data: 1 }, undefined, 2],
    ['labels', { metadata: { ...stored().metadata, labels: { a: 'b' } } }, undefined, 1],
    ['status through the status', { status: { phase: 'Failed' }, spec: { nodeName: 'b' } }, 'status' as const, 1],
  ])('after a change of %s the generation is right and the version new', (_what, change, subresource, generation) => {
    const object = stored();
    const outcome = admitUpdate(resource, object, { ...object, ...change }, subresource, 8);
    expect(outcome).toMatchObject({ value: { metadata: { generation, resourceVersion: '8', uid: 'uid-7' } } });
  });

  it('never throws, and never lets a write change uid, name, namespace or creation time', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.jsonValue(),
        fc.constantFrom(undefined, 'status' as const),
        (metadata, spec, subresource) => {
          const object = stored();
          const given = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata) ? metadata : {};
          const body = { ...pod({ spec }), metadata: { ...given, name: 'web', resourceVersion: '7' } };
          const outcome = admitUpdate(resource, object, body, subresource, 8);
          if ('refusal' in outcome) return;
          const { uid, name, namespace, creationTimestamp } = object.metadata;
          expect(outcome.value.metadata).toMatchObject({ uid, name, namespace, creationTimestamp });
        },
      ),
    );
  });
});

describe('mergePatch', () => {
  // The table of RFC 7396, appendix A.
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j patched with %j is %j', (target, patch, result) => {
    expect(mergePatch(target, patch)).toEqual(result);
  });

  it('takes __proto__ for a field like any other', () => {
    const result = mergePatch({}, JSON.parse('{"__proto__": {"polluted": true}}')) as { polluted?: boolean };
    expect(result.polluted).toBeUndefined();
    expect(Object.keys(result)).toEqual(['__proto__']);
  });
});

describe('names', () => {
  it.each([
    [isSubdomain, ['a', 'web-1', 'a.b-c.d', 'x'.repeat(63)], ['', 'A', '-a', 'a-', 'a..b', '.a', 'a_b', 'a/b', 'x'.repeat(254)]],
    [isDnsLabel, ['a', 'web-1', 'x'.repeat(63)], ['', 'a.b', 'A', '-a', 'x'.repeat(64)]],
    [isLabelKey, ['app', 'app.kubernetes.io/name', 'A_b.c'], ['', '/app', 'a/b/c', '-a', 'A.b/c', 'x'.repeat(64)]],
    [isLabelValue, ['', 'web', 'A_b.c-1'], ['-a', 'a b', 'a/b', 'x'.repeat(64)]],
  ])('%o takes and refuses what Kubernetes does', (rule, good, bad) => {
    expect(good.filter((text) => !rule(text))).toEqual([]);
    expect(bad.filter((text) => rule(text))).toEqual([]);
  });
});
