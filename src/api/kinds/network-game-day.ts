/** NetworkGameDay: an ordered, timed, supervised series of experiments, with one report. */
import { byName, duration, filledList, localName, milliseconds, object, oneOf, refOr, refuseTwins } from '../fields.ts';
import { apiVersion } from '../metadata.ts';
import type { Experiment } from '../model.ts';
import { defineKind } from './definition.ts';
import { experimentSpec, toExperiment } from './network-experiment.ts';

export type GameDayStep = {
  name: string;
  experiment: { ref: string } | { spec: unknown; experiment: Experiment };
  /** The step starts no earlier than this after the game day's start. @default 0 */
  afterMs: number;
  /** Between the end of the step before and the start of this one. @default 0 */
  pauseMs: number;
};

export type GameDay = {
  /** In the order in which they run; never two at a time. */
  steps: GameDayStep[];
  /** What a verdict other than Passed does to the steps that are left. @default stop */
  onFailure: 'stop' | 'continue';
};

const step = object({
  name: localName,
  experiment: refOr(experimentSpec.shape, experimentSpec),
  after: duration('0s', '24h').optional(),
  pause: duration('0s', '24h').optional(),
});

const gameDaySpec = object({
  steps: byName(filledList(step, 'steps', 100)),
  onFailure: oneOf('stop', 'continue').optional().describe('Default stop.'),
}).check((context) => {
  refuseTwins(
    context,
    'steps',
    context.value.steps.map(({ name }) => name),
  );
});

export const networkGameDay = defineKind({
  apiVersion,
  kind: 'NetworkGameDay',
  plural: 'networkgamedays',
  singular: 'networkgameday',
  shortName: 'ngd',
  namespaced: true,
  status: true,
  // Its runs are named `<game day>-<step>`, and a step's name has up to 63 characters.
  longestName: 182,
  specSchema: gameDaySpec,
  toModel: (written, namespace): GameDay => ({
    steps: written.steps.map(({ name, experiment: { ref, ...inline }, after, pause }) => {
      const spec = ref === undefined ? experimentSpec.parse(inline) : undefined;
      return {
        name,
        experiment: spec === undefined ? { ref: String(ref) } : { spec, experiment: toExperiment(spec, namespace) },
        afterMs: milliseconds(after ?? '0s'),
        pauseMs: milliseconds(pause ?? '0s'),
      };
    }),
    onFailure: written.onFailure ?? 'stop',
  }),
});
