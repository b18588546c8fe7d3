import { type ConnectivityTest, type Endpoint, type Peers, selectorMatches } from '../api/index.ts';
import { SquallError } from '../lib/index.ts';
import { addressesOfPod, addressesOfService, isIpv6, type Pod, podsOfService, type Service, type World } from './world.ts';

/** One address to be probed, named as people know it. `port` only for layer 4. */
export type Destination = { name: string; address: string; port?: number };

/**
 * Every address that a connectivity test probes: all addresses of a pod, all cluster addresses of a service at layer 4, and at
 * layer 3, where a cluster address answers no ping, the addresses of all pods behind it. What cannot be resolved is refused.
 */
export function resolveDestinations(test: ConnectivityTest, world: World): Destination[] {
  return test.destinations.flatMap((endpoint) => {
    const destinations = addressesOf(endpoint, world, test.layer === 3 ? 'pods' : 'cluster').map(({ name, address }) => ({
      name,
      address,
      ...(endpoint.port === undefined ? {} : { port: endpoint.port }),
    }));
    if (destinations.length === 0) throw unresolvable(endpoint);
    return destinations;
  });
}

/** Peers of a fault as addresses: of a service both its cluster addresses and its pods'. Nothing given means every peer. */
export function resolvePeers(peers: readonly Endpoint[], world: World): Peers {
  if (peers.length === 0) return 'all';
  const addresses = new Set<string>();
  for (const endpoint of peers) {
    const found = addressesOf(endpoint, world, 'both');
    if (found.length === 0) throw unresolvable(endpoint);
    for (const { address } of found) addresses.add(address);
  }
  const all = [...addresses];
  return { ipv4: all.filter((address) => !isIpv6(address)), ipv6: all.filter(isIpv6) };
}

type Named = { name: string; address: string };

function addressesOf(endpoint: Endpoint, world: World, ofService: 'pods' | 'cluster' | 'both'): Named[] {
  switch (endpoint.kind) {
    case 'ip':
      return [{ name: endpoint.ip, address: endpoint.ip }];
    case 'cidr':
      return [{ name: endpoint.cidr, address: endpoint.cidr }];
    case 'pod':
      return podAddresses(world.pods.filter((pod) => isRunning(pod) && isNamed(pod, endpoint)));
    case 'service': {
      const service = world.services.find((candidate) => isNamed(candidate, endpoint));
      return service ? serviceAddresses(service, world, ofService) : [];
    }
    case 'selector':
      return podAddresses(
        world.pods.filter(
          (pod) =>
            isRunning(pod) &&
            pod.metadata.namespace === endpoint.namespace &&
            selectorMatches(endpoint.selector, pod.metadata.labels),
        ),
      );
    case 'host':
    case 'node':
      throw new SquallError('NotImplemented', `an endpoint of kind '${endpoint.kind}' cannot be resolved yet`);
  }
}

function serviceAddresses(service: Service, world: World, which: 'pods' | 'cluster' | 'both'): Named[] {
  const cluster = addressesOfService(service).map((address) => ({ name: nameOf(service), address }));
  const pods = podAddresses(podsOfService(service, world.pods));
  return which === 'pods' ? pods : which === 'cluster' ? cluster : [...cluster, ...pods];
}

/** The address of a pod that has ended may already be somebody else's. */
function isRunning({ status }: Pod): boolean {
  return status?.phase === 'Running';
}

function podAddresses(pods: readonly Pod[]): Named[] {
  return pods.flatMap((pod) => addressesOfPod(pod).map((address) => ({ name: nameOf(pod), address })));
}

function isNamed(object: Pod | Service, { namespace, name }: { namespace: string; name: string }): boolean {
  return object.metadata.namespace === namespace && object.metadata.name === name;
}

function nameOf({ metadata }: Pod | Service): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function unresolvable(endpoint: Endpoint): SquallError {
  return new SquallError('NotFound', `${JSON.stringify(endpoint)} has no address: expected an existing object with an address`);
}
