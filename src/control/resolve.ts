import {
  type Addresses,
  type ConnectivityTest,
  type HostNames,
  type Peer,
  type PortRange,
  type Peers,
  type Place,
  selectorMatches,
} from '../api/index.ts';
import { SquallError } from '../lib/index.ts';
import {
  addressesOfNode,
  addressesOfPod,
  addressesOfService,
  isIpv6,
  type Pod,
  podsOfService,
  type Service,
  type World,
} from './world.ts';

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

/** What becomes of a place that has no address: it is refused, or, once a fault is active, it is nobody for now. */
type OnNone = 'refuse' | 'nobody';

/**
 * Peers of a fault as addresses: of a service both its cluster addresses and its pods'. Nothing given means every peer. Host names are left
 * out: they are the agents' to look up, so of names alone the lists are empty.
 */
export function resolvePeers(peers: readonly Peer[], world: World, onNone: OnNone = 'refuse'): Peers {
  if (peers.length === 0) return 'all';
  const placed = peers.filter(({ kind }) => kind !== 'host');
  const [anyPort, atPorts] = [placed.filter(({ ports }) => ports === undefined), portsOf(placed)];
  const grouped = atPorts.map(({ ports, at }) => ({ ...resolvePlaces(at, world, onNone), ports }));
  return { ...resolvePlaces(anyPort, world, onNone), ...(grouped.length === 0 ? {} : { atPorts: grouped }) };
}

/** Peers by their ports, each range once. */
function portsOf(peers: readonly Peer[]): { ports: PortRange; at: Peer[] }[] {
  const groups = new Map<string, { ports: PortRange; at: Peer[] }>();
  for (const peer of peers) {
    if (peer.ports === undefined) continue;
    const key = `${peer.ports.first}-${peer.ports.last}`;
    const group = groups.get(key) ?? { ports: peer.ports, at: [] };
    groups.set(key, { ...group, at: [...group.at, peer] });
  }
  return [...groups.values()];
}

/** The names among peers and exceptions, each once; undefined where there are none. */
export function hostNamesOf(peers: readonly Peer[], except: readonly Place[]): HostNames | undefined {
  const named = peers.flatMap((peer) =>
    peer.kind === 'host' ? [{ host: peer.host, ...(peer.ports === undefined ? {} : { ports: peer.ports }) }] : [],
  );
  const hosts = {
    peers: [...new Map(named.map((one) => [JSON.stringify(one), one])).values()],
    except: [...new Set(except.flatMap((place) => (place.kind === 'host' ? [place.host] : [])))],
  };
  return hosts.peers.length + hosts.except.length === 0 ? undefined : hosts;
}

/** Host names are left out. */
export function resolvePlaces(places: readonly Place[], world: World, onNone: OnNone = 'refuse'): Addresses {
  const addresses = new Set<string>();
  for (const place of places) {
    if (place.kind === 'host') continue;
    const found = addressesOf(place, world, 'both');
    if (found.length === 0 && onNone === 'refuse') throw unresolvable(place);
    for (const { address } of found) addresses.add(address);
  }
  const all = [...addresses];
  return { ipv4: all.filter((address) => !isIpv6(address)), ipv6: all.filter(isIpv6) };
}

type Named = { name: string; address: string };

function addressesOf(endpoint: Place, world: World, ofService: 'pods' | 'cluster' | 'both'): Named[] {
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
    case 'node':
      return world.nodes
        .filter(({ metadata }) => metadata.name === endpoint.name)
        .flatMap((node) => addressesOfNode(node).map((address) => ({ name: endpoint.name, address })));
    case 'host':
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

function unresolvable(endpoint: Place): SquallError {
  return new SquallError('NotFound', `${JSON.stringify(endpoint)} has no address: expected an existing object with an address`);
}
