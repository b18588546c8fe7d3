import type { ValidatorStatus } from '../../api/index.ts';
import { validators } from '../../control/index.ts';
import { codeOf, systemClock } from '../../lib/index.ts';
import type { Store } from '../../store/index.ts';
import { cleanLine } from '../../report/index.ts';
import type { Runnable } from './wrap.ts';

/** What one look at every node of a validator found. */
export type Validated = { name: string; status: ValidatorStatus };

/** Has a validator's nodes looked at, and deletes it afterwards: nobody looks again. Undefined when the signal fires before it is over. */
export async function validateOnce(
  store: Store,
  { metadata, ...rest }: Runnable,
  signal: AbortSignal,
): Promise<Validated | undefined> {
  const key = { name: metadata.name };
  await store.delete(validators, key).catch(ignoreNotFound);
  const { name, labels, annotations } = metadata;
  const created = await store.create(validators, { ...rest, metadata: { name, labels, annotations } });
  try {
    for (;;) {
      if (signal.aborted) return undefined;
      const { status } = await store.get(validators, key);
      if (status !== undefined && status.round === undefined && status.observedGeneration > 0) return { name, status };
      await systemClock.sleep(100);
    }
  } finally {
    await store.delete(validators, key, { uid: created.metadata.uid }).catch(ignoreNotFound);
  }
}

export function isValid({ status }: Validated): boolean {
  return status.conditions.some(({ type, status: is }) => type === 'Valid' && is === 'True');
}

type Line = [depth: number, text: string];

/** One line for each node and each check, with the remedy where one is needed. */
export function renderValidated(validated: Validated): string {
  const { name, status } = validated;
  const incomplete = status.conditions.filter(({ type, status: is }) => type === 'Complete' && is === 'False');
  const lines: Line[] = [
    [0, `NetworkModulesValidator ${name}: ${isValid(validated) ? 'valid' : 'not valid'}, ${status.summary} nodes`],
    ...status.nodes.flatMap(({ node, outcome, kernel, checks }): Line[] => [
      [1, `${node}: ${outcome}${kernel === undefined ? '' : `, Linux ${kernel}`}`],
      ...checks.flatMap(({ name: check, ok, expected, found, remedy }): Line[] => [
        [2, `${ok ? '✓' : '✗'} ${check}: expected that ${expected}; found ${found}`],
        ...(remedy === '' ? [] : [[3, remedy] satisfies Line]),
      ]),
    ]),
    ...(status.nodes.length === 0 ? status.conditions : incomplete).map(({ message }): Line => [1, message]),
  ];
  return lines.map(([depth, text]) => `${'  '.repeat(depth)}${cleanLine(text)}\n`).join('');
}

function ignoreNotFound(error: unknown): void {
  if (codeOf(error) !== 'NotFound') throw error;
}
