/** What an Open vSwitch between the pods is told, as arguments of ovs-vsctl. Names are ours, so nothing that a person wrote enters them. */
import { gateway } from '../addresses.ts';
import { linkName, nodeBridge } from '../network-text.ts';
import type { LabPlan } from '../plan.ts';
import type { SwitchSettings } from '../topology/schema.ts';

/** Has the pods' links as ports, and samples what comes in at them. */
const podBridge = 'squall1';
/** The node's own device has this address from the start: one that Open vSwitch chose would change with the ports. */
const nodeHardwareAddress = '02:53:71:75:61:6c';

/** Where the exporter sends to, in the node's namespace; from there the relay carries datagrams to the machine. */
export const relayAddress = { host: '127.0.0.1', port: 6343 } as const;

/** What the datagrams say that they are from. */
export const sflowAgent = gateway.ipv4;

/**
 * Two bridges joined by a patch. Open vSwitch samples a packet once, on the bridge that it comes in on; pods are routed through the
 * node, so on one bridge every packet between pods would come in, and be sampled, twice.
 */
export function bridgesCommand({ pods }: LabPlan): string[] {
  return [
    ...bridge(nodeBridge, [`other-config:hwaddr="${nodeHardwareAddress}"`]),
    ...bridge(podBridge, []),
    ...patch(nodeBridge, 'to-pods', 'to-node'),
    ...patch(podBridge, 'to-node', 'to-pods'),
    ...pods.flatMap((pod) => ['--', 'add-port', podBridge, linkName(pod)]),
  ];
}

export function exportCommand({ sampling, pollingSeconds, headerBytes }: SwitchSettings): string[] {
  return [
    ...['--', '--id=@sflow', 'create', 'sFlow', `agent="${sflowAgent}"`, `targets="${relayAddress.host}:${relayAddress.port}"`],
    ...[`sampling=${sampling}`, `polling=${pollingSeconds}`, `header=${headerBytes}`],
    ...['--', 'set', 'Bridge', podBridge, 'sflow=@sflow'],
  ];
}

/** Prints each port that could not be made, with the reason; nothing when all is well. */
export const failedPortsCommand = ['--bare', '--columns=name,error', 'find', 'Interface', 'error!=[]'] as const;

/** In user space, so that no kernel module is needed. */
function bridge(name: string, settings: readonly string[]): string[] {
  return ['--', 'add-br', name, '--', 'set', 'Bridge', name, 'datapath_type=netdev', 'fail_mode=standalone', ...settings];
}

function patch(onBridge: string, name: string, peer: string): string[] {
  return ['--', 'add-port', onBridge, name, '--', 'set', 'Interface', name, 'type=patch', `options:peer=${peer}`];
}
