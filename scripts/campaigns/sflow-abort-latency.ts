/**
 * How long it takes from a step of the traffic to the last target clean, with a real Open vSwitch, real sFlow and the whole of `squall run`: by parts,
 * the exporter's own delay apart, and beside what was predicted.
 */
import { createSocket } from 'node:dgram';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readRecord } from '../../src/lab/record.ts';
import { predictedCusumDelay } from '../../src/observers/index.ts';
import { seededRandom } from '../random.ts';
import { squall } from '../torture/instance.ts';
import { table } from '../torture/summary.ts';
import {
  namespace,
  samplesPerSecond,
  samplingRate,
  senderName,
  step,
  stepTo,
  threshold,
  topologyOf,
} from './abort-latency/manifests.ts';
import { type Parts, partsOf, type Spread, spreadOf, type Tapped } from './abort-latency/parts.ts';
import { readSentAt } from './abort-latency/sent-at.ts';
import { playTrial } from './abort-latency/trial.ts';
import type { CampaignOptions, CampaignResult } from './result.ts';

const goalMs = 1500;
const usualRuns = 20;
/** Between two runs: what was sent in the last one is forgotten. */
const settleMs = 2000;

export async function sflowAbortLatency({ folder, seed, runs = usualRuns, say }: CampaignOptions): Promise<CampaignResult> {
  const random = seededRandom(seed);
  const stateFolder = join(folder, 'state');
  mkdirSync(stateFolder, { recursive: true });
  const tap = await openTap();
  const [done, problems] = [[] as Parts[], [] as string[]];
  try {
    const topology = join(folder, 'lab.yaml');
    const program = resolve('scripts/campaigns/abort-latency/stepped-sender.ts');
    writeFileSync(topology, topologyOf({ root: resolve('.'), program, tapPort: tap.port }));
    await squall(['lab', 'up', topology, '--state', stateFolder]);
    const sender = {
      pid: await pidOfSender(stateFolder),
      log: join(stateFolder, `lab/logs/${namespace}_${senderName}_main.log`),
    };
    for (let number = 1; number <= runs; number += 1) {
      await sleep(settleMs);
      // At any moment of the second that the exporter counts.
      const waitMs = 1000 + 1000 * random();
      const outcome = await playTrial({ folder, stateFolder, number, sender, tapped: tap.tapped, waitMs });
      if ('problem' in outcome) problems.push(`run ${number}: ${outcome.problem}`);
      else done.push(partsOf(outcome.times));
      say(`run ${number} of ${runs}: ${'problem' in outcome ? outcome.problem : `${done.at(-1)?.whole ?? NaN} ms`}`);
    }
  } finally {
    await squall(['lab', 'down', '--state', stateFolder]);
    tap.close();
  }
  const spreads = spreadsOf(done);
  const { p95 } = spreads['crossing to last target clean'] ?? spreadOf([]);
  if (!(p95 <= goalMs)) problems.push(`crossing to last target clean: p95 ${p95} ms; expected at most ${goalMs} ms`);
  return {
    problems,
    text: describe(spreads, { seed, runs, done: done.length }),
    data: { seed, runs, samplingRate, threshold, step, spreads, predicted: predictedCusumDelay(step) ?? null, parts: done },
  };
}

/** What is promised is counted from the crossing: from the moment at which the traffic is above the threshold, which is that of the step. */
function spreadsOf(done: readonly Parts[]): Record<string, Spread> {
  return {
    'crossing to last target clean': spreadOf(done.map(({ whole }) => whole)),
    'crossing to the datagram that decides': spreadOf(done.map(({ toCrossing }) => toCrossing)),
    'datagram to decision of the run': spreadOf(done.map(({ toDecision }) => toDecision)),
    'decision to first target clean': spreadOf(done.map(({ toFirstClean }) => toFirstClean)),
    'decision to last target clean': spreadOf(done.map(({ toLastClean }) => toLastClean)),
    "exporter's own: first packet to first datagram": spreadOf(done.flatMap(({ firstHeard }) => firstHeard ?? [])),
    "exporter's own: of each sampled packet": spreadOf(done.flatMap(({ held }) => held)),
  };
}

function describe(spreads: Record<string, Spread>, { seed, runs, done }: { seed: number; runs: number; done: number }): string {
  const predicted = predictedCusumDelay(step);
  const seconds = (value: number | undefined) => (value === undefined ? 'never' : `${(value * 1000).toFixed(0)} ms`);
  return [
    `${done} of ${runs} runs were aborted by a step of real traffic, seed ${seed}: ${threshold * step.before} packets/s, then ${threshold * stepTo}, over a threshold of ${threshold} (T/N ${samplesPerSecond} samples/s), sampled 1 in ${samplingRate} by Open vSwitch in user space. The crossing is the first packet of the step; its instant is the sender's own.`,
    '',
    ...table(
      ['what', 'measured', 'p50', 'p95', 'most'],
      Object.entries(spreads).map(([what, { count, p50, p95, most }]) => [
        what,
        String(count),
        ...[p50, p95, most].map((value) => (Number.isFinite(value) ? `${value.toFixed(0)} ms` : '-')),
      ]),
    ),
    '',
    `Predicted from the crossing to the datagram that decides, the exporter's delay in it: p50 ${seconds(predicted?.p50)}, p95 ${seconds(predicted?.p95)}. Goal: p95 of the first row at most ${goalMs} ms.`,
  ].join('\n');
}

async function pidOfSender(stateFolder: string): Promise<number> {
  const record = await readRecord(stateFolder);
  const pod = record?.plan.pods.find(({ manifest }) => manifest.metadata.name === senderName);
  const started = record?.processes[`${pod?.uid ?? ''}/main`];
  if (started === undefined)
    throw new Error(`the lab has no process of ${senderName}: ${readFileSync(join(stateFolder, 'lab/record.json'), 'utf8')}`);
  return started.pid;
}

/** Hears every datagram of the exporter at the same time as the collector. */
async function openTap(): Promise<{ port: number; tapped: Tapped[]; close: () => void }> {
  const tapped: Tapped[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (bytes) => {
    tapped.push({ at: Date.now(), sentAt: readSentAt(bytes) });
  });
  await new Promise<void>((settle, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', settle);
  });
  return {
    port: socket.address().port,
    tapped,
    close: () => {
      socket.close();
    },
  };
}
