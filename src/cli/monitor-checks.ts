/** What the schema of a NetworkMonitor cannot say: whether the built-in collector understands its flows, and can judge its thresholds. */
import { type Manifest, type Path, problemAt, type Problem } from '../api/index.ts';
import { codeOf, messageOf } from '../lib/index.ts';
import { defineFlow, type WrittenFlow } from '../observers/index.ts';

type MonitorManifest = Manifest & { kind: 'NetworkMonitor' };

/** `refused` are the manifests that the errors are of. */
type MonitorChecks = { errors: Problem[]; refused: Manifest[] };

/** An sFlow-RT understands more than the built-in collector: of a monitor with an endpoint nothing is asked. */
export function checkMonitors(manifests: readonly Manifest[]): MonitorChecks {
  const own = manifests.filter(isOfTheCollector);
  const found = own.map((manifest) => ({ manifest, errors: [...flowErrors(manifest), ...thresholdErrors(manifest)] }));
  return {
    errors: found.flatMap(({ errors }) => errors),
    refused: found.filter(({ errors }) => errors.length > 0).map(({ manifest }) => manifest),
  };
}

function isOfTheCollector(manifest: Manifest): manifest is MonitorManifest {
  return manifest.kind === 'NetworkMonitor' && manifest.model.endpoint === undefined;
}

/** Each field by itself, so that what is wrong is said where it stands. */
function flowErrors(manifest: MonitorManifest): Problem[] {
  return manifest.model.flows.flatMap(({ keys, value, filter }, index) => {
    const at: Path = ['spec', 'flows', index];
    return [
      ...refusal(manifest, [...at, 'keys'], { keys, value: 'frames' }),
      ...refusal(manifest, [...at, 'value'], { keys: [], value }),
      ...(filter === undefined ? [] : refusal(manifest, [...at, 'filter'], { keys: [], value: 'frames', filter })),
    ];
  });
}

function refusal(manifest: Manifest, path: Path, written: WrittenFlow): Problem[] {
  try {
    defineFlow(written);
    return [];
  } catch (error) {
    if (codeOf(error) !== 'InvalidInput') throw error;
    return [problemAt(manifest, path, messageOf(error))];
  }
}

const ofCounters =
  'the built-in collector judges flows alone; leave it out, or watch counters by an sFlow-RT (monitoringEndpoint)';
const neverDecided =
  'expected more than 0, since no number of samples tells 0 from a little; with timesBaseline it may be 0, and with detector ewma any traffic is too much';

function thresholdErrors(manifest: MonitorManifest): Problem[] {
  return manifest.model.thresholds.flatMap(({ metric, flowName, value, detector, timesBaseline }, index) => {
    const at: Path = ['spec', 'thresholds', index];
    const problems: Problem[] = [];
    if (metric !== flowName) {
      problems.push(problemAt(manifest, [...at, 'metric'], `expected '${flowName}', the threshold's flow: ${ofCounters}`));
    }
    if (value === 0 && detector === 'cusum' && timesBaseline === undefined) {
      problems.push(problemAt(manifest, [...at, 'value'], neverDecided));
    }
    return problems;
  });
}
