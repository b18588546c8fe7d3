/** How much of the traffic that monitors see a run would touch: asked for, and in words. */
import { type ObservedMonitor, readMonitors, type SeenShare, type TrafficShare } from '../../control/index.ts';
import { codeOf, messageOf } from '../../lib/index.ts';
import type { Store } from '../../store/index.ts';
import { columns } from '../columns.ts';

/** None without a store. Who may not see monitors is shown a preview without them, and told so. */
export async function monitorsIn(store: Store | undefined, namespace: string): Promise<ObservedMonitor[]> {
  if (store === undefined) return [];
  try {
    return await readMonitors(store, namespace);
  } catch (error) {
    if (!['PermissionDenied', 'NotFound', 'NotImplemented'].includes(codeOf(error))) throw error;
    process.stderr.write(`note: what share of the traffic would be touched is not known: ${messageOf(error)}\n`);
    return [];
  }
}

export function trafficLines(traffic: readonly TrafficShare[] = []): string[] {
  if (traffic.length === 0) return [];
  const seen = traffic.filter((one) => 'share' in one);
  const table = seen.length === 0 ? [] : columns([['TRAFFIC SEEN BY', 'FLOW', 'TOUCHED', 'OF'], ...seen.map(shareRow)]);
  const limits = [...new Set(seen.flatMap((one) => one.limits))].map((limit) => `  ${limit}`);
  const unknown = traffic.flatMap((one) =>
    'why' in one ? [`  how much of the traffic that ${one.monitor} sees is not known: ${one.why}`] : [],
  );
  return ['', ...table, ...limits, ...unknown];
}

function shareRow({ monitor, flow, unit, share, seen, flows, heartbeatAgeMs }: SeenShare): string[] {
  const [least, most] = [share.least, share.most].map((one) => (100 * one).toFixed(1));
  const touched = least === most ? `${least ?? ''} %` : `${least ?? ''} to ${most ?? ''} %`;
  const age = `${(heartbeatAgeMs / 1000).toFixed(1)} s ago`;
  return [monitor, flow, touched, `${seen.toFixed(1)} ${unit}/s in ${flows} flow${flows === 1 ? '' : 's'}, ${age}`];
}
