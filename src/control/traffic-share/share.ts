/** Traffic-weighted blast radius: how much of the traffic that monitors see a fault would touch. */
import { type FaultWork, type Flow, type Monitor, type MonitorStatus, mostHeartbeatSilenceMs } from '../../api/index.ts';
import { mostCertain, type Touch, wouldTouch } from '../../faults/index.ts';
import { addressOf, readerOfKeys, type SeenFlow } from './flow-keys.ts';

export type ObservedMonitor = { namespace: string; name: string; monitor: Monitor; status?: MonitorStatus };

/** A fault, and the addresses of those that it hurts. */
export type PlacedFault = { fault: FaultWork; addresses: readonly string[] };

/** Of a service: its own addresses, and those of each pod that one of its packets may be for. */
export type ServiceWays = { addresses: readonly string[]; pods: readonly (readonly string[])[] };

/** Shares are from 0 to 1; where keys do not say enough of a packet, it counts in `most` and not in `least`. */
export type SeenShare = {
  /** namespace/name */
  monitor: string;
  flow: string;
  unit: 'frames' | 'bytes';
  share: { least: number; most: number };
  /** In the unit a second: of all flows that the monitor shows. */
  seen: number;
  /** How many flows that is. */
  flows: number;
  heartbeatAgeMs: number;
  /** What the share does not say, one sentence each. */
  limits: string[];
};

/** @property why there is no share of this monitor's flows */
export type UnknownShare = { monitor: string; why: string };

export type TrafficShare = SeenShare | UnknownShare;

/**
 * One for each flow of a monitor that can tell; else one that says why there is none.
 * @param services that lead to targets: clients' packets may have their addresses
 */
export function trafficShares(
  monitors: readonly ObservedMonitor[],
  faults: readonly PlacedFault[],
  nowMs: number,
  services: readonly ServiceWays[] = [],
): TrafficShare[] {
  const places: Places = { faults: faultsByAddress(faults), services: podsByAddress(services) };
  return monitors.flatMap(({ namespace, name, monitor, status }): TrafficShare[] => {
    const named = `${namespace}/${name}`;
    const unknown = (why: string): UnknownShare[] => [{ monitor: named, why }];
    if (status?.heartbeatAt === undefined) return unknown('nobody has observed it yet');
    const heartbeatAgeMs = Math.max(0, nowMs - Date.parse(status.heartbeatAt));
    if (!(heartbeatAgeMs <= mostHeartbeatSilenceMs)) {
      return unknown(`its last heartbeat is of ${status.heartbeatAt}: what it shows is too old to count`);
    }
    if (status.state === 'lost') return unknown('its signal is lost: what it shows is too old to count');
    const usable = monitor.flows.filter(({ keys, value }) => isCounted(value) && readerOfKeys(keys) !== undefined);
    if (usable.length === 0) {
      return unknown('none of its flows has both addresses of a packet as keys, and frames or bytes as its value');
    }
    const shares = usable.flatMap((flow) => {
      const top = status.flows.find((one) => one.name === flow.name)?.topKeys ?? [];
      const share = shareOf(flow, top, places);
      return share === undefined ? [] : { monitor: named, ...share, heartbeatAgeMs };
    });
    return shares.length === 0 ? unknown('it sees no traffic in these flows') : shares;
  });
}

type FaultsByAddress = ReadonlyMap<string, readonly FaultWork[]>;
type Places = {
  faults: FaultsByAddress;
  /** Of an address of a service: the pods that it leads to, each by its addresses. */
  services: ReadonlyMap<string, readonly (readonly string[])[]>;
};

function faultsByAddress(faults: readonly PlacedFault[]): FaultsByAddress {
  const found = new Map<string, FaultWork[]>();
  for (const { fault, addresses } of faults) {
    for (const address of addresses.flatMap((text) => addressOf(text) ?? [])) {
      found.set(address, [...(found.get(address) ?? []), fault]);
    }
  }
  return found;
}

function podsByAddress(services: readonly ServiceWays[]): Places['services'] {
  return new Map(
    services.flatMap(({ addresses, pods }) => {
      const ways = pods.map((own) => own.flatMap((text) => addressOf(text) ?? []));
      return addresses.flatMap((text) => addressOf(text) ?? []).map((address) => [address, ways] as const);
    }),
  );
}

function isCounted(value: string): value is SeenShare['unit'] {
  return value === 'frames' || value === 'bytes';
}

function shareOf(
  flow: Flow,
  top: readonly { key: string; value: number }[],
  places: Places,
): Omit<SeenShare, 'monitor' | 'heartbeatAgeMs'> | undefined {
  const reader = readerOfKeys(flow.keys);
  const flows = top.filter(({ value }) => value > 0);
  if (reader === undefined || !isCounted(flow.value) || flows.length === 0) return undefined;
  const sums: Record<Touch, number> = { yes: 0, no: 0, unknown: 0 };
  let [unread, throughServices] = [0, 0];
  for (const { key, value } of flows) {
    const seen = reader.read(key);
    const touch = seen === undefined ? 'unknown' : touchOf(seen, places);
    sums[touch] += value;
    if (seen === undefined) unread += 1;
    else if (touch === 'unknown' && isOfService(seen, places)) throughServices += 1;
  }
  const seen = sums.yes + sums.no + sums.unknown;
  return {
    flow: flow.name,
    unit: flow.value,
    share: { least: sums.yes / seen, most: (sums.yes + sums.unknown) / seen },
    seen,
    flows: flows.length,
    limits: [
      'only the largest flows count, as the monitor shows no others',
      ...(flow.filter === undefined ? [] : ['its filter leaves packets out']),
      ...(reader.hasPorts
        ? []
        : ['without ports among its keys, what is always spared (name resolution, sFlow) counts as touched']),
      ...(throughServices === 0
        ? []
        : [`${throughServices} of its flows are of services that lead to targets, and count as possibly touched`]),
      ...(unread === 0 ? [] : [`${unread} of its flows could not be read, and count as possibly touched`]),
    ],
  };
}

/** A packet between two targets is touched when it leaves the one or reaches the other. */
function touchOf(seen: SeenFlow, { faults, services }: Places): Touch {
  const { source, destination, protocol, sourcePort, destinationPort } = seen;
  const leaving = (address: string, ownPort: number | undefined): Touch[] =>
    (faults.get(address) ?? []).map((fault) =>
      wouldTouch(fault, { flow: 'egress', peer: destination, protocol, ownPort, peerPort: destinationPort }),
    );
  const coming = (address: string, ownPort: number | undefined): Touch[] =>
    (faults.get(address) ?? []).map((fault) =>
      wouldTouch(fault, { flow: 'ingress', peer: source, protocol, ownPort, peerPort: sourcePort }),
    );
  return mostCertain([
    ...leaving(source, sourcePort),
    ...coming(destination, destinationPort),
    throughService(services.get(source), leaving),
    throughService(services.get(destination), coming),
  ]);
}

const isOfService = ({ source, destination }: SeenFlow, { services }: Places): boolean =>
  services.has(source) || services.has(destination);

/** A packet of a service is of one of its pods, nobody knows which, and of a port there that may be another than the service's. */
function throughService(
  pods: readonly (readonly string[])[] = [],
  touchesOf: (address: string, ownPort: undefined) => readonly Touch[],
): Touch {
  const touches = pods.map((addresses) => mostCertain(addresses.flatMap((address) => touchesOf(address, undefined))));
  return touches.length > 0 && touches.every((touch) => touch === 'yes')
    ? 'yes'
    : touches.every((touch) => touch === 'no')
      ? 'no'
      : 'unknown';
}
