/** Recorded datagrams sent to a collector over loopback, from another process and processor: which share is lost, by the counters. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../src/lib/index.ts';
import { type Collector, openCollector, type Subscription } from '../../src/observers/index.ts';
import { type Spread, spreadOf, spreadText, tableLines } from './summary.ts';

const recording = fileURLToPath(new URL('../../test/fixtures/sflow/ovs-tcp4-s64.bin', import.meta.url));
const senderSource = fileURLToPath(new URL('send-datagrams.c', import.meta.url));
const rates = [20_000, 40_000, 60_000, 80_000, 100_000];
const [rounds, seconds, warmUpRate, warmUpSeconds, drainedWithinMs] = [3, 4, 20_000, 1, 5000];

const flow = {
  name: 'tcp',
  keys: ['ipsource', 'ipdestination', 'ipprotocol', 'tcpsourceport', 'tcpdestinationport'],
  value: 'frames',
};
const subscription: Subscription = {
  id: 'bench',
  flows: [{ ...flow, smoothingMs: 2000, top: 10 }],
  thresholds: [],
  armings: [],
};
const subjects = [
  { name: 'decoded and accounted', subscriptions: [] },
  { name: 'with a table of flows', subscriptions: [subscription] },
];

type Sent = { sent: number; seconds: number };
type Measured = { sentPerSecond: number; lost: number; kernelDrops: number; cpuMicroseconds: number };

export async function benchSflowLive(): Promise<object> {
  const folder = await mkdtemp(join(tmpdir(), 'squall-bench-'));
  try {
    const sender = await buildSender(folder);
    const results = [];
    console.log(
      `recorded datagrams over loopback, ${rounds} rounds of ${seconds} s each; medians (least to greatest). Processor time is the whole process's, receiving included`,
    );
    for (const { name, subscriptions } of subjects) {
      for (const rate of rates) {
        const measured: Measured[] = [];
        for (let round = 0; round < rounds; round += 1) measured.push(await measure(sender, rate, subscriptions));
        results.push({ name, rate, measured });
      }
    }
    const head = ['', 'asked / s', 'sent / s', 'lost %', 'dropped by the kernel', 'µs CPU each'];
    for (const line of tableLines([head, ...results.map(cellsOf)], 1)) console.log(line);
    return { rounds, seconds, results };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function buildSender(folder: string): Promise<string> {
  const program = join(folder, 'send-datagrams');
  await run('cc', ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror', '-o', program, senderSource]);
  return program;
}

/** With a collector of its own, whose thread has compiled what it needs before it is measured. */
async function measure(sender: string, rate: number, subscriptions: readonly Subscription[]): Promise<Measured> {
  const collector = await openCollector({ host: '127.0.0.1', port: 0, allow: ['127.0.0.1'] });
  try {
    for (const one of subscriptions) await collector.put(one);
    const warmUp = await send(sender, collector, warmUpRate, warmUpSeconds);
    const before = await countersAfter(collector, warmUp.sent);
    const cpuBefore = process.cpuUsage();
    const sent = await send(sender, collector, rate, seconds);
    const after = await countersAfter(collector, warmUp.sent + sent.sent);
    const { user, system } = process.cpuUsage(cpuBefore);
    const received = after.datagrams - before.datagrams;
    return {
      sentPerSecond: sent.sent / sent.seconds,
      lost: 1 - received / sent.sent,
      kernelDrops: (after.kernelDrops ?? Number.NaN) - (before.kernelDrops ?? Number.NaN),
      cpuMicroseconds: (user + system) / received,
    };
  } finally {
    await collector.close();
  }
}

async function send(sender: string, { address }: Collector, rate: number, forSeconds: number): Promise<Sent> {
  return JSON.parse(await run(sender, [recording, address.port, rate, forSeconds].map(String))) as Sent;
}

/** When every datagram is accounted for, or has had its time. */
async function countersAfter(collector: Collector, sent: number) {
  const deadline = performance.now() + drainedWithinMs;
  for (;;) {
    const counters = await collector.counters();
    if (counters.datagrams + (counters.kernelDrops ?? 0) >= sent || performance.now() > deadline) return counters;
    await sleep(20);
  }
}

function cellsOf({ name, rate, measured }: { name: string; rate: number; measured: readonly Measured[] }): string[] {
  const spread = (valueOf: (one: Measured) => number): Spread => spreadOf(measured.map(valueOf));
  return [
    name,
    String(rate),
    spread(({ sentPerSecond }) => sentPerSecond).median.toFixed(0),
    spreadText(
      spread(({ lost }) => lost * 100),
      3,
    ),
    spreadText(
      spread(({ kernelDrops }) => kernelDrops),
      0,
    ),
    spreadText(
      spread(({ cpuMicroseconds }) => cpuMicroseconds),
      1,
    ),
  ];
}

async function run(command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(command, [...args]);
  if (code !== 0) throw new Error(`${command}: ${stderr}`);
  return stdout;
}
