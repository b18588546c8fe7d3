/** What is valid but cannot be run, because its part of Squall has not been built. Shrinks with every part. */
import type { Manifest } from './manifests.ts';
import type { ConnectivityTest, Experiment, HypothesisTest, Shaper } from './model.ts';
import { problemAt } from './problem-at.ts';
import { type Path, type Problem, valueAt } from './problems.ts';

type Missing = { path: Path; what: string };

/** Empty when the manifest can be run; otherwise every field (or the kind) that stands in the way. */
export function notImplementedYet(manifest: Manifest): Problem[] {
  return missingIn(manifest).map(({ path, what }) =>
    problemAt(manifest, path, `${what} is valid, but running it is not built yet`, 'NotImplemented'),
  );
}

/**
 * The same of what is in a store, where nobody may have asked before: what stands in the way, one `spec.path: what` each. A part that
 * is not built is never left out of a run in silence: the fault would be another one than was asked for.
 */
export function missingPartsOf(
  {
    kind,
    model,
  }:
    | { kind: 'NetworkExperiment'; model: Experiment }
    | { kind: 'NetworkTrafficShaper'; model: Shaper }
    | { kind: 'NetworkConnectivityTest'; model: ConnectivityTest },
  spec: unknown,
): string[] {
  const at = ['spec'];
  const found =
    kind === 'NetworkExperiment'
      ? missingInExperiment(model, at, spec)
      : kind === 'NetworkTrafficShaper'
        ? missingInShaper(at, spec)
        : missingInConnectivity(model, at);
  return found.map(({ path, what }) => `${path.join('.')}: ${what}`);
}

function missingIn(manifest: Manifest): Missing[] {
  switch (manifest.kind) {
    case 'NetworkTrafficShaper':
      return missingInShaper(['spec'], manifest.object.spec);
    case 'NetworkConnectivityTest':
      return missingInConnectivity(manifest.model, ['spec']);
    case 'NetworkExperiment':
      return missingInExperiment(manifest.model, ['spec'], manifest.object.spec);
    case 'NetworkExperimentSchedule': {
      const at = ['spec', 'experimentTemplate', 'spec'];
      return missingInExperiment(manifest.model.template.experiment, at, valueAt(manifest.object, at));
    }
    case 'NetworkModulesValidator':
      return [];
    default:
      return [{ path: ['kind'], what: manifest.kind }];
  }
}

function missingInShaper(at: Path, written: unknown): Missing[] {
  const found: Missing[] = [];
  const targets = valueAt(written, ['targets']);
  for (const [index, target] of (Array.isArray(targets) ? targets : []).entries()) {
    if (valueAt(target, ['mode']) !== 'random-max-percent') continue;
    found.push({ path: [...at, 'targets', index, 'mode'], what: 'mode random-max-percent' });
  }
  return found;
}

function missingInConnectivity(test: ConnectivityTest, at: Path): Missing[] {
  const found: Missing[] = [];
  if (test.source.selector !== undefined) found.push({ path: [...at, 'source', 'sourceSelector'], what: 'a source by selector' });
  if (test.frequencyMs !== undefined) found.push({ path: [...at, 'frequency'], what: 'repeating a test' });
  for (const [index, destination] of test.destinations.entries()) {
    if (['ip', 'pod', 'service'].includes(destination.kind)) continue;
    found.push({ path: [...at, 'destinations', index, 'kind'], what: `a destination of kind ${destination.kind}` });
  }
  return found;
}

function missingInExperiment(experiment: Experiment, at: Path, written: unknown): Missing[] {
  const found: Missing[] = [];
  if (experiment.fault !== undefined && 'shaper' in experiment.fault) {
    found.push(...missingInShaper([...at, 'fault'], valueAt(written, ['fault'])));
  }
  for (const [index, { test }] of experiment.hypothesis.entries()) {
    found.push(...missingInTest(test, [...at, 'hypothesis', index]));
  }
  for (const [index, rule] of experiment.abort.entries()) {
    if (rule.kind === 'monitor') found.push({ path: [...at, 'abort', index, 'monitor'], what: 'abort by a monitor' });
  }
  return found;
}

function missingInTest(test: HypothesisTest, at: Path): Missing[] {
  if (test.kind !== 'connectivity') return [{ path: [...at, test.kind], what: `a ${test.kind} hypothesis` }];
  return 'connectivity' in test ? missingInConnectivity(test.connectivity, [...at, 'connectivity']) : [];
}
