/** What is valid but cannot be run, because its part of Squall has not been built. Shrinks with every part. */
import type { Manifest } from './manifests.ts';
import type { ConnectivityTest, Experiment, HypothesisTest } from './model.ts';
import { problemAt } from './problem-at.ts';
import type { Path, Problem } from './problems.ts';

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
  part: { kind: 'NetworkExperiment'; model: Experiment } | { kind: 'NetworkConnectivityTest'; model: ConnectivityTest },
): string[] {
  const found =
    part.kind === 'NetworkExperiment' ? missingInExperiment(part.model, ['spec']) : missingInConnectivity(part.model, ['spec']);
  return found.map(({ path, what }) => `${path.join('.')}: ${what}`);
}

function missingIn(manifest: Manifest): Missing[] {
  switch (manifest.kind) {
    case 'NetworkTrafficShaper':
      return [];
    case 'NetworkConnectivityTest':
      return missingInConnectivity(manifest.model, ['spec']);
    case 'NetworkExperiment':
      return missingInExperiment(manifest.model, ['spec']);
    case 'NetworkExperimentSchedule':
      return missingInExperiment(manifest.model.template.experiment, ['spec', 'experimentTemplate', 'spec']);
    case 'NetworkModulesValidator':
    case 'NetworkMonitor':
    case 'NetworkNotification':
      return [];
    default:
      return [{ path: ['kind'], what: manifest.kind }];
  }
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

function missingInExperiment(experiment: Experiment, at: Path): Missing[] {
  return experiment.hypothesis.flatMap(({ test }, index) => missingInTest(test, [...at, 'hypothesis', index]));
}

function missingInTest(test: HypothesisTest, at: Path): Missing[] {
  if (test.kind !== 'connectivity') return [{ path: [...at, test.kind], what: `a ${test.kind} hypothesis` }];
  return 'connectivity' in test ? missingInConnectivity(test.connectivity, [...at, 'connectivity']) : [];
}
