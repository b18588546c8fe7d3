import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accountDatagram,
  createAgentLedger,
  createDatagramDecoder,
  createDatagramWalker,
  type LedgerAgent,
  noAccounts,
} from '../../../../src/observers/index.ts';
import { concat, tagged, words } from '../build.ts';
import { payloadsOf, recordingNames } from '../recordings.ts';

const limits = { agents: 100, sources: 1000, makeRoomAfterMs: 1000, forgetAfterMs: 10_000 };

/** A ledger and what tells it of datagrams, as a collector does. */
function keeping(given = limits) {
  const ledger = createAgentLedger(given);
  let agent: LedgerAgent | undefined;
  let nowMs = 0;
  const walk = createDatagramWalker({
    datagram: (header, view) => {
      agent = ledger.datagram(header, view, nowMs);
    },
    flowSample: (sample) => {
      if (agent !== undefined) ledger.packetSample(agent, sample, nowMs);
    },
    counterSample: (sample) => {
      if (agent !== undefined) ledger.counterSample(agent, sample, nowMs);
    },
    skippedSample: () => undefined,
  });
  const read = (bytes: Uint8Array, atMs = 0) => {
    nowMs = atMs;
    walk(bytes);
  };
  return { ledger, read };
}

/** What both accounts tell of an agent. */
const counted = ({
  agent,
  subAgent,
  datagrams,
  lost,
  late,
  duplicates,
  restarts,
  samples,
  sampleDrops,
  samplesMissed,
}: Omit<LedgerAgent, 'key'> | ReturnType<typeof accountsOf>[number]) => ({
  agent,
  subAgent,
  datagrams,
  lost,
  late,
  duplicates,
  restarts,
  samples,
  sampleDrops,
  samplesMissed,
});

function accountsOf(datagrams: readonly Uint8Array[]) {
  const decode = createDatagramDecoder();
  return [
    ...datagrams
      .map((bytes) => decode(bytes))
      .reduce(accountDatagram, noAccounts)
      .agents.values(),
  ];
}

function ledgerOf(datagrams: readonly Uint8Array[]): LedgerAgent[] {
  const { ledger, read } = keeping();
  for (const bytes of datagrams) read(bytes);
  return [...ledger.agents()];
}

const sent = fc.record({
  agent: fc.nat(2),
  subAgent: fc.nat(1),
  sequence: fc.oneof(fc.nat(100), fc.integer({ min: 0xffffffc0, max: 0xffffffff })),
  uptimeMs: fc.oneof(fc.constant(5000), fc.nat(9000)),
  samples: fc.array(fc.tuple(fc.constantFrom(1, 3, 5), fc.nat(2), fc.nat(2000), fc.nat(50)), { maxLength: 4 }),
});

type Sent = typeof sent extends fc.Arbitrary<infer Value> ? Value : never;

function bytesOf({ agent, subAgent, sequence, uptimeMs, samples }: Sent): Uint8Array {
  const bodies = samples.map(([tag, source, number, drops]) => {
    if (tag === 1) return tagged(1, words(number, source, 64, 64, drops, 1, 2, 0));
    if (tag === 3) return tagged(3, words(number, 0, source, 64, 64, drops, 0, 1, 0, 2, 0));
    return tagged(5, words(number, 0, source, drops, 1, 2, 256, 0));
  });
  return concat(words(5, 1, 0x0a000000 + agent, subAgent, sequence, uptimeMs, samples.length), ...bodies);
}

/** Thousands of datagrams take seconds on a machine that others keep busy. */
const patient = { timeout: 120_000 };

describe('the ledger of a collector', patient, () => {
  it.each(recordingNames)('counts of %s as the pure account does', async (name) => {
    const datagrams = await payloadsOf(name, 'bin');
    expect(ledgerOf(datagrams).map(counted)).toEqual(accountsOf(datagrams).map(counted));
  });

  it('counts as the pure account does, whatever comes in whatever order', () => {
    const byName = (one: { agent: string; subAgent: number }, other: { agent: string; subAgent: number }) =>
      one.agent.localeCompare(other.agent) || one.subAgent - other.subAgent;
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 30 }), (all) => {
        const datagrams = all.map(bytesOf);
        expect(ledgerOf(datagrams).map(counted).sort(byName)).toEqual(accountsOf(datagrams).map(counted).sort(byName));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('has one bound over the data sources of all agents, and counts the samples of others', () => {
    const { ledger, read } = keeping({ ...limits, sources: 3 });
    const ofAgent = (agent: number, sources: readonly number[]) =>
      bytesOf({ agent, subAgent: 0, sequence: 1, uptimeMs: 0, samples: sources.map((source) => [1, source, 1, 0]) });
    read(ofAgent(1, [1, 2]));
    read(ofAgent(2, [1, 2, 3]));
    expect(ledger.counts()).toMatchObject({ agents: 2, sources: 3, untrackedSamples: 2 });
    ledger.forget(120_001);
    expect(ledger.counts()).toMatchObject({ agents: 0, sources: 0 });
  });

  it('gives the room of the data source that was idle longest to a new one, if it was for long enough', () => {
    const { ledger, read } = keeping({ ...limits, sources: 3 });
    let sequence = 0;
    const sourcesAt = (atMs: number, sources: readonly number[]) => {
      sequence += 1;
      const samples = sources.map((source): Sent['samples'][number] => [1, source, sequence, 0]);
      read(bytesOf({ agent: 1, subAgent: 0, sequence, uptimeMs: atMs, samples }), atMs);
      return [...ledger.agents()].flatMap(({ flowSources }) => [...flowSources.values()].map(({ dataSource }) => dataSource));
    };
    sourcesAt(0, [1, 2, 3]);
    expect(sourcesAt(900, [1, 4])).toEqual(['0:1', '0:2', '0:3']);
    expect(ledger.counts()).toMatchObject({ sources: 3, untrackedSamples: 1 });
    expect([ledger.untrackedRecently(900), ledger.untrackedRecently(60_899), ledger.untrackedRecently(60_900)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(sourcesAt(1001, [4])).toEqual(['0:1', '0:3', '0:4']);
    for (let source = 5; source < 500; source += 1) sourcesAt(source * 2000, [source]);
    expect(ledger.counts()).toMatchObject({ sources: 3, untrackedSamples: 1 });
  });

  it('keeps a data source whose counters come, though nothing is sampled of it', () => {
    const { ledger, read } = keeping({ ...limits, sources: 3 });
    const at = (atMs: number, sequence: number, ...samples: Uint8Array[]) => {
      read(concat(words(5, 1, 0x0a000001, 0, sequence, atMs, samples.length), ...samples), atMs);
    };
    const sampled = (source: number) => tagged(1, words(1, source, 64, 64, 0, 1, 2, 0));
    at(0, 1, sampled(1));
    at(10, 2, sampled(2));
    at(2000, 3, tagged(2, words(1, 1, 0)));
    at(2001, 4, sampled(3));
    const [agent] = ledger.agents();
    expect([...(agent?.flowSources.values() ?? [])].map(({ dataSource }) => dataSource)).toEqual(['0:1', '0:3']);
  });

  it('uses each datagram once, however many come twice or late', () => {
    const sending = fc.record({
      first: fc.nat(0xffffffff),
      order: fc.array(fc.record({ behind: fc.nat(63), isAdvance: fc.boolean() }), { maxLength: 200 }),
    });
    fc.assert(
      fc.property(sending, ({ first, order }) => {
        const { ledger, read } = keeping();
        const came = new Set<number>();
        let [newest, duplicates] = [0, 0];
        const send = (number: number) => {
          const sequence = (first + number) >>> 0;
          if (came.has(number)) duplicates += 1;
          came.add(number);
          read(bytesOf({ agent: 1, subAgent: 0, sequence, uptimeMs: 5000, samples: [[1, 1, number, 0]] }));
        };
        send(0);
        for (const { behind, isAdvance } of order) {
          if (isAdvance) newest += 1 + (behind % 40);
          send(isAdvance ? newest : Math.max(0, newest - behind));
        }
        const [agent] = ledger.agents();
        expect(agent).toMatchObject({ datagrams: came.size, samples: came.size, duplicates, restarts: 0 });
        expect(agent?.lost).toBe(newest + 1 - came.size);
        expect(ledger.counts()).toMatchObject({ duplicateDatagrams: duplicates });
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('learns how often an agent polls, and takes one outage for none of it', () => {
    const { ledger, read } = keeping();
    const counters = (sequence: number) =>
      concat(words(5, 1, 0x0a000001, 0, sequence, sequence * 1000, 2), tagged(2, words(1, 3, 0)), tagged(2, words(1, 4, 0)));
    const polling = () => [...ledger.agents()][0]?.pollingMs;
    read(counters(1), 0);
    expect(polling()).toBe(30_000);
    read(counters(2), 5000);
    expect(polling()).toBe(5000);
    for (let number = 3; number < 6; number += 1) read(counters(number), (number - 1) * 5000);
    read(counters(6), 320_000);
    expect(polling()).toBe(5000);
    read(counters(7), 380_000);
    read(counters(8), 440_000);
    expect(polling()).toBe(60_000);
  });
});
