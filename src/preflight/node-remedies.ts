/** What can be done about sysctls and kernels that are not as a validator asks; of modules and programs the table of remedies says it. */
import type { KernelRange } from '../api/index.ts';
import { moduleRemedy, type System } from './remedies/choose.ts';

/** Whose sysctls are only there while a module is loaded, the longest prefix first. */
const modulesOfSysctls = [
  { prefix: 'net.bridge.', module: 'br_netfilter' },
  { prefix: 'net.netfilter.nf_conntrack', module: 'nf_conntrack' },
  { prefix: 'net.ipv4.vs.', module: 'ip_vs' },
] as const;

export function missingSysctlRemedy(sysctl: string, system: System): string {
  const owner = modulesOfSysctls.find(({ prefix }) => sysctl.startsWith(prefix));
  if (owner !== undefined) return `it comes with the module ${owner.module}: ${moduleRemedy({ name: owner.module }, system)}`;
  const device = /^net\.ipv[46]\.(?:conf|neigh)\.([^.]+)\./.exec(sysctl)?.[1]?.replaceAll('/', '.');
  if (device !== undefined) return `name a device that is there: 'ip link' shows no ${device}, or it has not this protocol`;
  return "correct the name ('sysctl -a' lists what there is), or choose a kernel that has it";
}

export function presentSysctlRemedy(sysctl: string): string {
  const owner = modulesOfSysctls.find(({ prefix }) => sysctl.startsWith(prefix));
  return owner === undefined ? 'choose a kernel without it' : `unload its module with 'modprobe -r ${owner.module}'`;
}

/** @param value that would do */
export function sysctlValueRemedy(sysctl: string, value: string, isOfPod: boolean): string {
  if (isOfPod) return `set it to "${value}" by the pod's securityContext.sysctls`;
  return `set it with 'sysctl -w ${sysctl}="${value}"', and keep it by a file in /etc/sysctl.d`;
}

export function kernelRemedy({ atLeast, atMost }: KernelRange): string {
  const wanted = [
    ...(atLeast === undefined ? [] : [`${atLeast} or newer`]),
    ...(atMost === undefined ? [] : [`${atMost} or older`]),
  ];
  return `boot a kernel of ${wanted.join(' and ')}, or choose nodes that run one`;
}
