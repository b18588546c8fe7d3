/** What is said while some samples have no room: that all is quiet nobody can know. */
import type { ArmingView, SubscriptionView, ThresholdView } from '../../network-observer.ts';

const why =
  'samples came of late of agents or data sources for which the collector has no room, so that not all traffic is seen; let only your exporters send (--allow), or stop those that are not needed';

export function undecidedWhileUntracked(view: SubscriptionView): SubscriptionView {
  const undecided = <One extends ThresholdView | ArmingView>(one: One): One =>
    one.state === 'quiet' ? { ...one, state: 'undecidable', message: why } : one;
  return { ...view, thresholds: view.thresholds.map(undecided), armings: view.armings.map(undecided) };
}
