/** Which definitions an sFlow-RT was given. It keeps them in memory only, so each round asks whether they are still there. */
import type { Asking } from './asking.ts';
import { type Definition, pathOf } from './definitions.ts';

export type Placement = {
  /** Puts those that are not there as they should be, in their order. */
  place: (definitions: readonly Definition[], onPut: (definition: Definition) => void) => Promise<void>;
  /** `good`; `missing` where one is gone; or in words what is otherwise, and is put anew by the next `place`. */
  check: (definitions: readonly Definition[]) => Promise<string>;
  /** Paths of what begins with `prefix` and is not among `definitions`, thresholds first: ours from before this process. */
  strangers: (prefix: string, definitions: readonly Definition[]) => Promise<string[]>;
  forget: (paths: Iterable<string>) => void;
  forgetAll: () => void;
};

export function createPlacement(asking: Pick<Asking, 'put' | 'check' | 'names'>): Placement {
  /** By path, what was put there. */
  const placed = new Map<string, string>();
  return {
    place: async (definitions, onPut) => {
      for (const definition of definitions) {
        const path = pathOf(definition);
        const body = JSON.stringify(definition.body);
        if (placed.get(path) === body) continue;
        await asking.put(definition);
        placed.set(path, body);
        onPut(definition);
      }
    },
    check: async (definitions) => {
      const checks = await Promise.all(
        definitions.map(async (definition) => ({ path: pathOf(definition), found: await asking.check(definition) })),
      );
      const wrong = checks.filter(({ found }) => found !== 'good');
      for (const { path } of wrong) placed.delete(path);
      return wrong.some(({ found }) => found === 'missing') ? 'missing' : (wrong[0]?.found ?? 'good');
    },
    strangers: async (prefix, definitions) => {
      const wanted = new Set(definitions.map(pathOf));
      const paths: string[] = [];
      for (const kind of ['threshold', 'flow'] as const) {
        const ours = ((await asking.names(kind)) ?? []).filter((name) => name.startsWith(prefix));
        paths.push(...ours.map((name) => pathOf({ kind, name })).filter((path) => !wanted.has(path)));
      }
      return paths;
    },
    forget: (paths) => {
      for (const path of paths) placed.delete(path);
    },
    forgetAll: () => {
      placed.clear();
    },
  };
}
