import { describe, expect, it } from 'vitest';
import { apiVersion, type KubeObject } from '../../src/api/index.ts';
import { writeStatus } from '../../src/control/write-status.ts';
import { codeOf, SquallError } from '../../src/lib/index.ts';
import type { Resource, Store, Stored } from '../../src/store/index.ts';

type Thing = KubeObject<unknown, { phase: string }>;

const things: Resource<Thing> = { apiVersion, kind: 'Thing', plural: 'things', namespaced: true };

function thing(resourceVersion: string, changes: { uid?: string; generation?: number; phase?: string } = {}): Stored<Thing> {
  const { uid = 'one', generation = 1, phase = 'before' } = changes;
  const metadata = {
    namespace: 'shop',
    name: 'run',
    uid,
    generation,
    resourceVersion,
    creationTimestamp: '2026-06-01T10:00:00Z',
  };
  return { apiVersion, kind: 'Thing', metadata, spec: {}, status: { phase } };
}

/** A server on which `versions` of the object follow one another, each as soon as a status is written to the one before. */
function serverWith(versions: (Stored<Thing> | undefined)[]): Pick<Store, 'get' | 'updateStatus'> & { writes: string[] } {
  const writes: string[] = [];
  const answer = (object: unknown) => object as never;
  let present: Stored<Thing> | undefined;
  return {
    writes,
    get: async () => {
      await Promise.resolve();
      if (!present) throw new SquallError('NotFound', 'it is gone');
      return answer(present);
    },
    updateStatus: async (_resource, { metadata, ...object }) => {
      await Promise.resolve();
      writes.push(metadata.resourceVersion ?? '');
      if (versions.length === 0) return answer({ ...object, metadata: { ...metadata, resourceVersion: 'written' } });
      present = versions.shift();
      throw new SquallError('Conflict', 'another version is there');
    },
  };
}

describe('a status that is written', () => {
  it('is written again, to the object as it is, when only the metadata has changed meanwhile', async () => {
    const server = serverWith([thing('2'), thing('3')]);
    const { object, replaced } = await writeStatus(server, things, thing('1'), { phase: 'after' });
    expect([object.status, object.metadata.resourceVersion]).toEqual([{ phase: 'after' }, 'written']);
    expect(server.writes).toEqual(['1', '2', '3']);
    expect(replaced).toEqual(['1', '2', '3']);
  });

  it('replaces no version when the object says all of it already', async () => {
    const server = { ...serverWith([]), updateStatus: () => Promise.resolve(thing('1') as never) };
    expect((await writeStatus(server, things, thing('1'), { phase: 'before' })).replaced).toEqual([]);
  });

  it.each([
    ['somebody else has written the status', thing('2', { phase: 'another' })],
    ['the spec has changed', thing('2', { generation: 2 })],
    ['another object has its name', thing('2', { uid: 'two' })],
    ['it is gone', undefined],
  ])('is a Conflict when %s, since then there is something to decide anew', async (_why, present) => {
    const server = serverWith([present]);
    const error = await writeStatus(server, things, thing('1'), { phase: 'after' }).catch((reason: unknown) => reason);
    expect(codeOf(error)).toBe('Conflict');
    expect(server.writes).toEqual(['1']);
  });

  it('is a Conflict after four versions that were replaced under its hands', async () => {
    const server = serverWith(['2', '3', '4', '5', '6'].map((version) => thing(version)));
    const error = await writeStatus(server, things, thing('1'), { phase: 'after' }).catch((reason: unknown) => reason);
    expect(codeOf(error)).toBe('Conflict');
    expect(server.writes).toEqual(['1', '2', '3', '4']);
  });
});
