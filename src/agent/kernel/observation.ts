import type { NftObject, TcQdisc } from '../../faults/index.ts';

/** The fields of `ip -j link` that are used; the rest is kept for comparisons. `txqlen` is absent when it is 0. */
export type IpLink = { ifindex: number; ifname: string; mtu: number; txqlen?: number; flags?: string[] };

/** All that an undo must restore, as tc (with counters), ip and nft print it. */
export type Observation = { qdiscs: TcQdisc[]; links: IpLink[]; objects: NftObject[] };

/** Everything, in the order that it is printed in: nft last, which is asked for what may not be there. */
export const wholeObservation = ['qdiscs', 'links', 'objects'] as const;
