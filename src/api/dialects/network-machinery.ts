/**
 * The origin's dialect: what its manifests, its examples and the talk's slides write otherwise than Squall, turned into
 * Squall's own form. Comes in: a spec of any content. Goes out: the spec in canonical form, and a warning for every change.
 */
import type { Kind } from '../kinds/index.ts';
import type { Finding } from '../problems.ts';
import { modulesValidator } from './network-machinery/modules-validator.ts';
import { connectivityTest, delayTest, monitor, notification, performanceTest } from './network-machinery/measuring.ts';
import { shaper } from './network-machinery/shaper.ts';
import { each, fields, rewrite, type Rewriter } from './rewriting.ts';

const unchanged: Rewriter = (value) => value;

/** A kind of Squall's own, but the parts that it embeds may be written in the origin's way. */
const experiment = fields({
  fault: shaper,
  hypothesis: each(fields({ connectivity: connectivityTest, performance: performanceTest })),
});

const rewriters: Record<Kind, Rewriter> = {
  NetworkTrafficShaper: shaper,
  NetworkConnectivityTest: connectivityTest,
  NetworkPerformanceTest: performanceTest,
  NetworkDelayTest: delayTest,
  NetworkMonitor: monitor,
  NetworkNotification: notification,
  NetworkModulesValidator: modulesValidator,
  NetworkExperiment: experiment,
  NetworkExperimentSchedule: fields({ experimentTemplate: fields({ spec: experiment }) }),
  NetworkGameDay: fields({ steps: each(fields({ experiment })) }),
  NetworkHalt: unchanged,
  NodeTask: unchanged,
};

/** Normalising what has been normalised changes nothing. Paths of warnings are those of the input. */
export function normalise(kind: Kind, spec: unknown): { spec: unknown; warnings: Finding[] } {
  const { value, warnings } = rewrite(rewriters[kind], spec);
  return { spec: value, warnings };
}
