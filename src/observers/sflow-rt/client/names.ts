/**
 * How our flows and thresholds are called in an sFlow-RT that others use, too: `squall_<namespace>_<monitor>_<name>`. Names of Kubernetes have no
 * `_`, so no two monitors can meet; and sFlow-RT reads a `.` before a metric's name as a data source, so a monitor's is written `__`.
 */
export function prefixOf(subscription: string): string {
  return `squall_${subscription.replaceAll('/', '_').replaceAll('.', '__')}_`;
}

export function nameInSflowRt(subscription: string, name: string): string {
  return prefixOf(subscription) + name;
}
