import type {
  ConnectivityObservation,
  HypothesisRecord,
  JournalEntry,
  JournalRecord,
  Phase,
  ReportPhase,
  Verdict,
} from '../../src/api/index.ts';
import { formatInstant } from '../../src/lib/index.ts';

/**
 * The journal of a whole run, made up but of real proportions: 200 ms of delay on one target, a hypothesis that meets the fault
 * and one that does not. The same options always give the same journal.
 */
export type SampleOptions = {
  seed?: number;
  startedAt?: number;
  beforeMs?: number;
  duringMs?: number;
  afterMs?: number;
  periodMs?: number;
  delayMs?: number;
  /** Lost probes of the hurt stream while the fault is active, percent. */
  lossPercent?: number;
  toleranceMs?: number;
  verdict?: { verdict: Verdict; reason: string; message: string };
  names?: { namespace: string; experiment: string; target: string; stream: string; message: string };
  moreStreams?: number;
};

const defaultNames = {
  namespace: 'shop',
  experiment: 'checkout-survives-slow-payments',
  target: 'payments',
  stream: 'payments',
  message: '',
};
const run = '6f1c7a52-5a0e-4c6e-9a5e-0d6b1f2f9c11';
const target = 'a3d9c1be-43cf-4d52-8f0c-6f6a5c1d77e2';

export function sampleJournal(options: SampleOptions = {}): JournalRecord[] {
  const { seed = 1, startedAt = Date.UTC(2026, 2, 1, 2, 30), beforeMs = 10_000, duringMs = 30_000, afterMs = 10_000 } = options;
  const { periodMs = 200, delayMs = 200, lossPercent = 0, toleranceMs = 250, moreStreams = 0, names = defaultNames } = options;
  const random = generator(seed);
  const records: JournalRecord[] = [];
  let now = startedAt;
  const add = (entry: JournalEntry): void => {
    records.push({ time: formatInstant(now), run, sequence: records.length + 1, ...entry });
  };
  const phase = (name: ReportPhase, milliseconds: number, outcome: string, work?: () => void): void => {
    add({ type: 'phase', phase: name, endsAt: formatInstant(now + milliseconds) });
    const end = now + milliseconds;
    work?.();
    now = end;
    add({ type: 'phase-ended', phase: name, outcome });
  };
  const fault = `delay ${String(delayMs)}ms`;
  const targetName = `${names.namespace}/${names.target}`;
  const streams = [
    {
      hypothesis: 'checkout-reaches-payments',
      stream: `checkout to ${names.stream} (tcp 10.80.0.7:8080)`,
      hurt: true,
      baseMs: 0.11,
    },
    { hypothesis: 'frontend-reaches-db', stream: 'frontend to db (icmp fd00:80::9)', hurt: false, baseMs: 0.08 },
    ...Array.from({ length: moreStreams }, (_, index) => ({
      hypothesis: 'checkout-reaches-payments',
      stream: `checkout to replica ${String(index)} (icmp)`,
      hurt: index % 2 === 0,
      baseMs: 0.1,
    })),
  ];
  const seen = new Map<string, (number | null)[]>();
  const probe = (name: Phase, milliseconds: number): void => {
    const end = now + milliseconds;
    while (now < end) {
      const batchStart = now;
      now = Math.min(end, now + 1000);
      for (const { stream, hypothesis, hurt, baseMs } of streams) {
        const samples: [number, number | null][] = [];
        for (let at = batchStart; at < now; at += periodMs) {
          const lost = hurt && name === 'during' && random() * 100 < lossPercent;
          const rtt = baseMs + random() ** 4 * 0.4 + (hurt && name === 'during' ? delayMs + random() * 0.5 : 0);
          samples.push([at, lost ? null : Number(rtt.toFixed(3))]);
        }
        add({ type: 'samples', stream, hypothesis, samples });
        const key = `${stream} ${name}`;
        const known = seen.get(key) ?? [];
        for (const [, rtt] of samples) known.push(rtt);
        seen.set(key, known);
      }
    }
    for (const hypothesis of new Set(streams.map((stream) => stream.hypothesis))) {
      const own = streams.filter((stream) => stream.hypothesis === hypothesis);
      const observed = own.map(({ stream }) => observe(stream, seen.get(`${stream} ${name}`) ?? []));
      add({ type: 'hypothesis', result: assess(hypothesis, name, observed, toleranceMs) });
    }
  };

  add({
    type: 'created',
    namespace: names.namespace,
    name: names.experiment,
    uid: run,
    seed: '20260301',
    manifest: manifest(names, delayMs),
  });
  add({
    type: 'kernel',
    kernel: '6.1.0-56-cloud-amd64',
    driver: 'netem',
    guest: true,
    why: 'this kernel has no netem (sch_netem is unknown)',
  });
  phase('preflight', 850, 'ok', () => {
    const node = 'lab';
    add({
      type: 'preflight',
      ok: true,
      checks: [
        { node, name: 'capability netem', ok: true, expected: 'netem qdisc', found: 'netem qdisc', remedy: '' },
        { node, name: 'tool fping', ok: true, expected: 'fping', found: 'fping 5.1', remedy: '' },
        { node, name: `device eth0 in ${targetName}`, ok: true, expected: 'noqueue root', found: 'noqueue root', remedy: '' },
      ],
    });
    add({ type: 'targets', targets: [{ namespace: names.namespace, name: names.target, uid: target, node }] });
  });
  phase('before', beforeMs, 'held', () => {
    probe('before', beforeMs);
  });
  phase('inject', 320, 'active', () => {
    now += 300;
    add({ type: 'target', uid: target, phase: 'Active', activeAt: formatInstant(now) });
  });
  phase('during', duringMs, 'held', () => {
    probe('during', duringMs);
    const value = delayMs + 0.3;
    const dose = {
      requested: { value: delayMs, unit: 'ms' as const },
      measured: { value, low: value - 0.2, high: value + 0.3, unit: 'ms' as const },
      samples: Math.floor(duringMs / 200),
      source: 'probe' as const,
      ok: true,
    };
    add({ type: 'dose', dose: { ...dose, target: targetName, fault } });
    add({
      type: 'exposure',
      exposure: { hypothesis: 'checkout-reaches-payments', target: targetName, packets: Math.floor(duringMs / 100) },
    });
  });
  phase('undo', 640, 'clean', () => {
    now += 40;
    add({ type: 'target', uid: target, phase: 'Undoing', cleanAt: formatInstant(now) });
    now += 560;
    add({ type: 'target', uid: target, phase: 'Clean', undoneAt: formatInstant(now) });
  });
  phase('after', afterMs, 'held', () => {
    probe('after', afterMs);
  });
  if (names.message !== '') add({ type: 'warning', message: names.message });
  add({ type: 'phase', phase: 'done' });
  const passed = {
    verdict: 'Passed' as const,
    reason: 'SteadyStateHeld',
    message: 'the steady state held before, during and after the fault',
  };
  add({ type: 'verdict', residue: 0, ...(options.verdict ?? passed) });
  return records;
}

/** A run that preflight refused: it has no target, no probe and no dose. */
export function refusedJournal(): JournalRecord[] {
  const first = sampleJournal().filter(({ type }) => type === 'created' || type === 'kernel');
  const check = {
    node: 'lab',
    name: 'capability netem',
    ok: false,
    expected: 'netem qdisc',
    found: 'unknown qdisc',
    remedy: 'run with --guest auto',
  };
  const entries: JournalEntry[] = [
    { type: 'phase', phase: 'preflight' },
    { type: 'preflight', ok: false, checks: [check] },
    { type: 'phase-ended', phase: 'preflight', outcome: 'refused' },
    { type: 'phase', phase: 'done' },
    { type: 'verdict', verdict: 'Refused', reason: 'PreflightFailed', message: 'lab: netem qdisc is unknown', residue: 0 },
  ];
  return [
    ...first,
    ...entries.map((entry, index) => ({
      time: formatInstant(Date.UTC(2026, 2, 1, 2, 30, 0, 200 * index)),
      run,
      sequence: first.length + index + 1,
      ...entry,
    })),
  ];
}

function manifest(names: typeof defaultNames, delayMs: number): unknown {
  return {
    apiVersion: 'networkmachinery.io/v1alpha1',
    kind: 'NetworkExperiment',
    metadata: { name: names.experiment, namespace: names.namespace },
    spec: {
      duration: '30s',
      fault: {
        targets: [{ kind: 'pod', namespace: names.namespace, name: names.target }],
        configuration: { type: 'delay', device: 'eth0', value: `${String(delayMs)}ms` },
      },
    },
  };
}

function observe(stream: string, values: readonly (number | null)[]): ConnectivityObservation {
  const answered = values.filter((value) => value !== null).sort((a, b) => a - b);
  const at = (quantile: number): number | undefined => answered[Math.max(0, Math.ceil(quantile * answered.length) - 1)];
  const lossPercent = values.length === 0 ? 0 : (100 * (values.length - answered.length)) / values.length;
  const counts = { stream, sent: values.length, received: answered.length, lossPercent };
  if (answered.length === 0) return counts;
  const rttMean = answered.reduce((a, b) => a + b) / answered.length;
  return { ...counts, rttMin: at(0), rttMean, rttP50: at(0.5), rttP95: at(0.95), rttP99: at(0.99), rttMax: at(1), jitter: 0.08 };
}

function assess(name: string, phase: Phase, observed: ConnectivityObservation[], overBaseline: number): HypothesisRecord {
  const worst = observed.toSorted((a, b) => b.lossPercent - a.lossPercent || (b.rttP95 ?? 0) - (a.rttP95 ?? 0));
  const bad = worst.find(({ lossPercent, rttP95 = 0 }) => lossPercent > 1 || rttP95 > overBaseline + 0.5);
  const reason = bad ? `${bad.stream}: lossPercent is ${bad.lossPercent.toFixed(1)}, at most 1` : `${name}: within tolerance`;
  const samples = observed.reduce((sum, { sent }) => sum + sent, 0);
  const tolerance = { lossPercent: { atMost: 1 }, rttP95: { overBaseline } };
  return { name, phase, outcome: bad ? 'violated' : 'held', observed: worst, tolerance, samples, reason };
}

/** Numbers in [0, 1) from a seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
