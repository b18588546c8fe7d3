/** Of a monitor's status: its thresholds, and those that may abort runs. Pure. */
import type { ArmedThreshold, Crossing, MonitoredThreshold } from '../../api/index.ts';
import type { ThresholdView } from '../../observers/index.ts';
import { bounds, counted, cut, rounded } from './bounded.ts';
import { crossingOf, describeCrossing } from './crossing-memory.ts';
import type { MonitorFacts } from './facts.ts';
import { type ArmedEntry, armedEntries } from './subscription.ts';

const notShown = 'the observer does not show it yet';

export function thresholdsOf(facts: MonitorFacts): MonitoredThreshold[] {
  return (facts.monitor?.thresholds ?? []).map(({ name, value }) => {
    const { heard } = facts;
    const view = heard.heard === 'view' ? heard.view.thresholds.find((one) => one.name === name) : undefined;
    const lastCrossing = newestCrossing(facts, name, view);
    const kept = lastCrossing === undefined ? {} : { lastCrossing };
    const none = { name, value: 0, limit: rounded(value), ...kept };
    switch (heard.heard) {
      case 'silence':
        return { ...none, ...lastKnown(facts, name), state: 'lost', message: cut(heard.message) };
      case 'refusal':
        return { ...none, state: 'undecidable', message: cut(heard.message) };
      case 'view': {
        if (view === undefined) return { ...none, state: 'waiting', message: notShown };
        const seen = { name, ...valuesOf(view), ...kept };
        const news = facts.crossings.newest(name);
        // It came after the view, which does not know of it.
        if (news === undefined || news.at < heard.view.at) return { ...seen, state: view.state, message: cut(view.message) };
        const { value: crossed, flow } = news.crossing;
        const firing = { value: crossed, ...(flow === undefined ? {} : { flow }), limit: news.crossing.limit };
        return { ...seen, ...firing, state: 'firing', message: cut(describeCrossing(news.crossing)) };
      }
    }
  });
}

/** One for each threshold that a rule of a run names: none is ever left out in silence. */
export function armedOf(facts: MonitorFacts): ArmedThreshold[] {
  return armedEntries(facts.runs).entries.map((entry) => {
    const { run, threshold } = entry;
    const said = { run: run.uid, threshold, ...decidedOf(facts, entry) };
    const latched = facts.crossings.latched(run.uid, threshold);
    if (latched === undefined) return said;
    const { crossing, notification } = latched;
    return {
      ...{ ...said, state: 'firing', message: cut(describeCrossing(crossing)), limit: crossing.limit, crossing },
      ...(notification === '' ? {} : { notification }),
    };
  });
}

function decidedOf(facts: MonitorFacts, { run, threshold }: ArmedEntry): Omit<ArmedThreshold, 'run' | 'threshold'> {
  const { heard, monitor } = facts;
  if (heard.heard === 'silence') return { state: 'lost', message: cut(heard.message) };
  if (heard.heard === 'refusal') return { state: 'undecidable', message: cut(heard.message) };
  const names = monitor?.thresholds.map(({ name }) => name) ?? [];
  if (!names.includes(threshold)) {
    const there = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
    return { state: 'undecidable', message: cut(`the monitor has no threshold '${threshold}': ${there}; correct abort`) };
  }
  const view = heard.view.armings.find((one) => one.run === run.uid && one.threshold === threshold);
  if (view === undefined) return { state: 'waiting', message: notShown };
  const { state, message, limit, baseline } = view;
  return {
    ...{ state, message: cut(message) },
    ...(limit === undefined ? {} : { limit: rounded(limit) }),
    ...(baseline === undefined
      ? {}
      : { baseline: { rate: rounded(baseline.rate), low: rounded(baseline.low), high: rounded(baseline.high) } }),
  };
}

function valuesOf({ value, flow, limit, power }: ThresholdView) {
  return {
    value: rounded(value),
    ...(flow === undefined ? {} : { flow: cut(flow, bounds.flow) }),
    limit: rounded(limit),
    ...(power === undefined ? {} : { samples: counted(power.samples) }),
    ...(power === undefined || !Number.isFinite(power.errorPercent) ? {} : { errorPercent: rounded(power.errorPercent) }),
  };
}

/** The value that was there before nothing was heard any more. */
function lastKnown({ before }: MonitorFacts, name: string) {
  const { value, flow, limit } = before?.thresholds.find((one) => one.name === name) ?? {};
  return value === undefined || limit === undefined ? {} : { value, limit, ...(flow === undefined ? {} : { flow }) };
}

function newestCrossing(facts: MonitorFacts, name: string, view: ThresholdView | undefined): Crossing | undefined {
  const told = facts.crossings.newest(name);
  const seen = view?.lastCrossing;
  if (seen === undefined) return told?.crossing;
  return told === undefined || seen.at > told.at ? crossingOf(seen) : told.crossing;
}
