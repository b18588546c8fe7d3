import { isDeepStrictEqual } from 'node:util';
import { drop, each, type Fields, fields, inOrder, isFields, type Rewriter } from '../rewriting.ts';
import { endpoint, names } from './endpoint.ts';

/** The talk's manifest names a pod and a selector at once; the kind decides, as in the origin. */
const target: Rewriter = (value, path, warn) => {
  if (!isFields(value)) return value;
  const other = value.kind === 'pod' ? 'targetSelector' : value.kind === 'selector' ? 'name' : undefined;
  const used = other === 'name' ? 'targetSelector' : 'name';
  if (other === undefined || value[other] === undefined || value[used] === undefined) return value;
  warn([...path, other], value[other], `not used with kind ${String(value.kind)}: ${used} alone says who is hurt`);
  return drop(value, other);
};

/** The origin repeats the configuration at every target; where all are equal, it belongs to the shaper. */
const commonConfiguration: Rewriter = (value, path, warn) => {
  if (!isFields(value) || Object.hasOwn(value, 'configuration') || !Array.isArray(value.targets)) return value;
  const targets: unknown[] = value.targets;
  const first = targets[0];
  if (!isFields(first) || !isFields(first.configuration)) return value;
  const { configuration } = first;
  if (!targets.every((one) => isFields(one) && isDeepStrictEqual(one.configuration, configuration))) return value;
  warn([...path, 'targets', 0, 'configuration'], configuration, "repeated at every target; read as the shaper's configuration");
  return { ...value, targets: (targets as Fields[]).map((one) => drop(one, 'configuration')), configuration };
};

export const shaper = inOrder(fields({ targets: each(inOrder(names, target)), peers: each(endpoint) }), commonConfiguration);
