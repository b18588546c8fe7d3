/** Whether ports mean what the fault means by them. A sidecar receives and connects by itself, at ports of its own or encrypted in one. */
import type { CheckResult } from '../api/index.ts';
import { type CheckOf, type TargetFinding, tellTargets } from './check-of.ts';

/** Containers that take over a pod's connections. */
export const proxyContainers: readonly string[] = [
  'istio-proxy',
  'linkerd-proxy',
  'envoy',
  'envoy-sidecar',
  'consul-dataplane',
  'kuma-sidecar',
];

export function judgeServiceMesh(check: CheckOf<'service-mesh'>): CheckResult {
  const expected = 'the packets have the ports that the fault names';
  const findings = Object.entries(check.proxies).map(([podUid, proxy]): TargetFinding => {
    const what = `its container ${proxy} takes over its connections and may send them to other ports than the application named`;
    return { podUid, warning: `ProxyChangesPorts: ${what}; the dose shows whether the fault met them` };
  });
  const warning = tellTargets(findings, 'warning');
  const found = warning === undefined ? 'no proxy is known' : 'a proxy is among the containers';
  return { check, ok: true, expected, found, remedy: '', ...(warning === undefined ? {} : { warning }) };
}
