/**
 * Defaults that the API server writes into objects. Only of fields that no rule asks to be absent: in an embedded spec a default
 * would stand beside `ref`, and a distribution without jitter, a mode of a single pod or iterations without clients would be refused or
 * mean something else. The parser has the same defaults, and more.
 */
import type { Kind } from '../kinds/index.ts';

/** Path of the field → what it is when nobody writes it. */
export const defaults: Partial<Record<Kind, Record<string, unknown>>> = {
  NetworkTrafficShaper: { lease: '30s' },
  NetworkConnectivityTest: { period: '200ms', timeout: '1s', count: 10 },
  NetworkPerformanceTest: { duration: '10s', port: 5201 },
  NetworkExperiment: { before: '10s', after: '10s' },
  NetworkExperimentSchedule: {
    timeZone: 'UTC',
    concurrencyPolicy: 'Forbid',
    suspend: false,
    successfulExperimentsHistoryLimit: 3,
    failedExperimentsHistoryLimit: 1,
  },
  NetworkGameDay: { onFailure: 'stop' },
};
