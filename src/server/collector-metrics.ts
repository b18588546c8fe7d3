import { Counter, Gauge, type Registry } from 'prom-client';
import { type CollectorCounters, type CollectorMetric, collectorMetrics } from '../observers/index.ts';

/** Undefined while there is no collector. A rejection is one that does not answer: then nothing is shown, which is no 0. */
export type ReadCollector = () => Promise<CollectorCounters | undefined>;

/** What the collector has counted, read at each scrape. docs/sflow-collector.md lists them. */
export function defineCollectorMetrics(registers: Registry[], read: ReadCollector): void {
  const readOnce = shareWhileRunning(async () => await read().catch(() => undefined));
  for (const metric of collectorMetrics) define(registers, metric, readOnce);
}

/** A metric without labels is 0 after its reset, and absent only once that series is removed. */
function define(registers: Registry[], { type, name, help, labelNames, series }: CollectorMetric, read: ReadCollector): void {
  const options = { name, help, labelNames, registers };
  if (type === 'gauge') {
    new Gauge({
      ...options,
      async collect() {
        const counters = await read();
        this.reset();
        this.remove({});
        for (const { labels, value } of counters ? series(counters) : []) this.set(labels, value);
      },
    });
    return;
  }
  new Counter({
    ...options,
    async collect() {
      const counters = await read();
      this.reset();
      this.remove({});
      for (const { labels, value } of counters ? series(counters) : []) this.inc(labels, value);
    },
  });
}

/** All metrics of one scrape ask at once, and tell of one moment. */
function shareWhileRunning(read: ReadCollector): ReadCollector {
  let running: ReturnType<ReadCollector> | undefined;
  return async () => {
    running ??= read().finally(() => {
      running = undefined;
    });
    return await running;
  };
}
