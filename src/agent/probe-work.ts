import { join } from 'node:path';
import type { NodeTaskStatus, NodeTaskTarget, ProbeStream, SecondAggregate, TargetPhase, TargetStatus } from '../api/index.ts';
import { codeOf, formatInstant, messageOf } from '../lib/index.ts';
import { createSecondAggregator, type Prober, startProbers } from '../probes/index.ts';
import { appendSeconds, fitAggregates } from './aggregates.ts';
import type { AgentContext, StoredTask, TaskWork } from './context.ts';
import { endReason } from './fault-undo.ts';
import type { Namespace } from './kernel-driver.ts';
import { hasLost, withPathOf } from './namespaces/pod-namespaces.ts';
import { advance, isOver } from './phases.ts';
import { createSampleFile, type SampleFile } from './sample-file.ts';
import { createStatusWriter, writeLast } from './status-writer.ts';
import { deadlineAt, isAborted, pause } from './timing.ts';
import { createWorkEnd } from './work-end.ts';

const tickMs = 1000;
/** Of a status's 256 KiB; the rest is for targets. */
const aggregateCharacters = 200 * 1024;

type Source = { facts: NodeTaskTarget; status: TargetStatus; namespace?: Namespace; prober?: Prober };

/** Runs the streams of one probe task from inside their source pods until it is ended, its time is over, or all counts are reached. */
export function startProbeWork(context: AgentContext, first: StoredTask, streams: readonly ProbeStream[]): TaskWork {
  const { clock, log } = context;
  const { spec } = first;
  const { signal, ...workEnd } = createWorkEnd();
  const notAfterLeftMs = deadlineAt(clock, Date.parse(spec.notAfter));
  const writing = new AbortController();
  const sources: Source[] = spec.targets.map((facts) => ({
    facts,
    status: { podUid: facts.podUid, phase: 'Pending', since: formatInstant(clock.now()) },
  }));
  const aggregators = new Map(streams.map(({ id }) => [id, createSecondAggregator()]));
  const aggregates: Record<string, SecondAggregate[]> = Object.fromEntries(streams.map(({ id }) => [id, []]));

  const status = (): NodeTaskStatus => ({
    observedGeneration: spec.generation,
    targets: sources.map((source) => source.status),
    aggregates: fitAggregates(aggregates, aggregateCharacters),
    residue: 0,
    kernel: context.kernelRelease,
  });
  const update = (task: StoredTask) => {
    writer.seen(task);
    if (task.spec.order === 'undo') workEnd.end('Ordered');
  };
  const writer = createStatusWriter(context, first, { status, reread: update }, writing.signal);

  function move(source: Source, phase: TargetPhase, facts: Parameters<typeof advance>[3] = {}): void {
    if (isOver(source.status)) return;
    source.status = advance(source.status, phase, formatInstant(clock.now()), facts);
    log('info', `probe source ${phase}`, {
      source: `${source.facts.namespace}/${source.facts.name}`,
      task: first.metadata.name,
      ...(source.status.reason === undefined ? {} : { reason: source.status.reason, error: source.status.message ?? '' }),
    });
    writer.request();
  }

  async function start(source: Source, samples: SampleFile): Promise<void> {
    const { podUid } = source.facts;
    const own = streams.filter((stream) => stream.podUid === podUid);
    try {
      const found = await context.namespaces.find(podUid);
      if (found === undefined) {
        const message = `pod ${podUid} has no network namespace on node ${context.node}`;
        move(source, 'Refused', { reason: 'NamespaceNotFound', message });
        return;
      }
      if (isAborted(signal)) return;
      source.namespace = { podUid, ...found };
      const prober = await withPathOf(context.namespaces, source.namespace, (namespace) =>
        startProbers({
          namespace,
          streams: own,
          lastsMs: notAfterLeftMs(),
          tcpProbeProgram: context.tcpProbeProgram,
          onSample: (sample) => {
            samples.add(sample);
            show(sample.stream, aggregators.get(sample.stream)?.add(sample) ?? []);
          },
        }),
      );
      source.prober = prober;
      // Whoever stops all probes may have done so while a file was looked for.
      if (isAborted(signal)) await prober.stop();
    } catch (error) {
      move(source, 'Refused', { reason: codeOf(error), message: messageOf(error) });
      return;
    }
    move(source, 'Active', { activeAt: formatInstant(clock.now()) });
    const end = await source.prober.ended;
    for (const { id } of own) show(id, aggregators.get(id)?.end() ?? []);
    await samples.flush();
    if (end.outcome === 'failed') move(source, 'Lost', { reason: 'ProbeFailed', message: end.message });
    else if (end.outcome === 'done') finish(source, undefined);
  }

  function show(stream: string, complete: SecondAggregate[]): void {
    if (complete.length > 0) aggregates[stream] = appendSeconds(aggregates[stream] ?? [], complete);
  }

  function finish(source: Source, reason: string | undefined): void {
    const at = formatInstant(clock.now());
    move(source, 'Clean', { cleanAt: at, undoneAt: at, ...(reason === undefined ? {} : { reason }) });
  }

  /** Once a second: is every source still there, is everything written? The file is ahead of the status that speaks of it. */
  async function watchOver(samples: SampleFile): Promise<void> {
    while (!isAborted(signal) && sources.some((source) => !isOver(source.status))) {
      await pause(clock, Math.min(tickMs, Math.max(1, notAfterLeftMs())), signal);
      if (notAfterLeftMs() <= 0) workEnd.end('NotAfter');
      for (const source of sources) await loseIfGone(source);
      await samples.flush();
      if (samples.isFull()) sayFull();
      writer.request();
    }
  }

  async function loseIfGone(source: Source): Promise<void> {
    if (isOver(source.status) || source.namespace === undefined) return;
    if (!(await hasLost(context.namespaces, source.namespace))) return;
    const message = `the network namespace of ${source.facts.namespace}/${source.facts.name} is gone`;
    move(source, 'Lost', { reason: 'NamespaceGone', message });
    // A probe would keep the namespace alive for as long as it runs in it.
    await source.prober?.stop();
  }

  let saidFull = false;
  function sayFull(): void {
    if (saidFull) return;
    saidFull = true;
    log('warn', 'the file of raw samples is full; later ones are only in the aggregates', { task: first.metadata.name });
    for (const source of sources) source.status = { ...source.status, message: 'the file of raw samples is full' };
  }

  async function stopAll(): Promise<void> {
    await Promise.all(sources.flatMap(({ prober }) => (prober === undefined ? [] : [prober.stop()])));
  }

  async function run(): Promise<void> {
    if (spec.order === 'undo') workEnd.end('Ordered');
    if (!isAborted(signal) && notAfterLeftMs() > 0) {
      const samples = await createSampleFile(join(context.stateFolder, 'samples'), first.metadata.name);
      const running = Promise.all(sources.map((source) => start(source, samples)));
      // Awaited below; until then a failure must not end the whole agent.
      running.catch(() => undefined);
      await watchOver(samples);
      await stopAll();
      await running;
      await samples.flush();
    } else workEnd.end('NotAfter');
    for (const source of sources) finish(source, endReason(workEnd.reason()));
    if (workEnd.reason() !== 'TaskDeleted') await writeLast(context, writer);
  }

  const done = run()
    .catch(async (error: unknown) => {
      log('error', 'probe work failed', { task: first.metadata.name, error: messageOf(error) });
      await stopAll();
      for (const source of sources) move(source, 'Lost', { reason: codeOf(error), message: messageOf(error) });
      await writeLast(context, writer);
    })
    .finally(() => {
      writing.abort();
    });
  return { update, end: workEnd.end, done };
}
