/**
 * The lab's address plan. Everything lives inside network namespaces of the lab, so every lab uses the same ranges.
 * IPv6 is a unique local range (RFC 4193) whose global id spells "squal" in ASCII.
 */
export type AddressPair = { ipv4: string; ipv6: string };

const ipv6Prefix = 'fd53:7175:616c';

/** What the node's bridge has; every pod's default routes go through it. */
export const gateway: AddressPair = { ipv4: '10.88.0.1', ipv6: `${ipv6Prefix}:1::1` };
export const podRange: AddressPair = { ipv4: '10.88.0.0/16', ipv6: `${ipv6Prefix}:1::/64` };

/** Addresses of the pod with this index, counted from 0. The first one is .2, after the gateway. */
export function podAddresses(index: number): AddressPair {
  return { ipv4: inRange('10.88', index + 2), ipv6: `${ipv6Prefix}:1::${(index + 2).toString(16)}` };
}

/** Cluster addresses of the service with this index, counted from 0; they exist only in the node's translation rules. */
export function clusterAddresses(index: number): AddressPair {
  return { ipv4: inRange('10.89', index + 1), ipv6: `${ipv6Prefix}:2::${(index + 1).toString(16)}` };
}

/** The pod's link-local address. It is fixed, so that no time passes with duplicate address detection. */
export function linkLocalAddress(index: number): string {
  return `fe80::${(index + 2).toString(16)}`;
}

export const gatewayLinkLocalAddress = 'fe80::1';

function inRange(firstHalf: string, number: number): string {
  return `${firstHalf}.${number >> 8}.${number & 255}`;
}
