/** Picks the largest of many flows without putting all in order. */
export type ActiveFlow = { flow: string; source: string; value: number };

/** Of a flow that several sources saw: the largest of their values, or their sum, which is right only where no packet passes two of them. */
export type Aggregation = 'max' | 'sum';

/** @returns largest first */
export function largestFlows(flows: Iterable<ActiveFlow>, most: number): ActiveFlow[] {
  const largest: ActiveFlow[] = [];
  for (const one of flows) {
    const last = largest.at(-1);
    if (largest.length >= most && (last === undefined || one.value <= last.value)) continue;
    let at = largest.length;
    while (at > 0 && (largest[at - 1]?.value ?? 0) < one.value) at -= 1;
    largest.splice(at, 0, one);
    if (largest.length > most) largest.pop();
  }
  return largest;
}

/** Each flow once, at the source where it is largest. */
export function onceEach(flows: Iterable<ActiveFlow>, aggregation: Aggregation): Iterable<ActiveFlow> {
  const [largest, sums] = [new Map<string, ActiveFlow>(), new Map<string, number>()];
  for (const one of flows) {
    if (one.value > (largest.get(one.flow)?.value ?? -1)) largest.set(one.flow, one);
    if (aggregation === 'sum') sums.set(one.flow, (sums.get(one.flow) ?? 0) + one.value);
  }
  if (aggregation === 'max') return largest.values();
  return Array.from(largest.values(), (one) => ({ ...one, value: sums.get(one.flow) ?? one.value }));
}
