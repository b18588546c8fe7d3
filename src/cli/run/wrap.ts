import { apiVersion, connectivityMetrics, type ConnectivityTest, type Manifest, validateObject } from '../../api/index.ts';
import { formatDuration, SquallError } from '../../lib/index.ts';

/** A manifest as `squall run` puts it into the store: what it refers to, and the experiments that are run, in file order. */
export type Runnable = { apiVersion: string; kind: string; metadata: Manifest['object']['metadata']; spec: unknown };

/**
 * Every manifest that is to be run, as a NetworkExperiment: experiments as they are, a bare shaper as a run without hypothesis,
 * a bare test as a run without fault. What an experiment of the same input refers to is not run by itself.
 * @param duration of bare shapers that name none
 */
export function toExperiments(manifests: readonly Manifest[], duration: string | undefined): Runnable[] {
  const referenced = new Set(manifests.flatMap(referencesOf));
  return manifests.flatMap((manifest): Runnable[] => {
    if (referenced.has(keyOf(manifest))) return [];
    switch (manifest.kind) {
      case 'NetworkExperiment':
        return [manifest.object];
      case 'NetworkTrafficShaper':
        return [wrap(manifest, shaperRun(manifest, duration))];
      case 'NetworkConnectivityTest':
        return [wrap(manifest, testRun(manifest))];
      case 'NetworkExperimentSchedule': {
        const remedy = "put the file into a folder and run 'squall serve FOLDER', or run its experiment as a NetworkExperiment";
        throw new SquallError('InvalidInput', `${manifest.file}: kind: a ${manifest.kind} is not one run; ${remedy}`);
      }
      case 'NetworkModulesValidator':
      case 'NetworkMonitor':
        return [];
      default:
        throw new SquallError('NotImplemented', `${manifest.file}: a ${manifest.kind} cannot be run yet`);
    }
  });
}

/** The validators that are checked by themselves: those that no experiment of the same input refers to. */
export function validatorsOf(manifests: readonly Manifest[]): (Manifest & { kind: 'NetworkModulesValidator' })[] {
  const referenced = new Set(manifests.flatMap(referencesOf));
  return manifests.flatMap((manifest) => {
    if (manifest.kind !== 'NetworkModulesValidator') return [];
    if (!manifest.model.enforce) return referenced.has(keyOf(manifest)) ? [] : [manifest];
    const remedy = "put the file into a folder and run 'squall serve FOLDER', or remove it to only look";
    throw new SquallError('InvalidInput', `${manifest.file}: spec.enforce: nothing is kept set by one look; ${remedy}`);
  });
}

/** @throws SquallError InvalidInput where there is nothing that monitors would be watched for */
export function refuseMonitorsAlone(manifests: readonly Manifest[]): void {
  const [first] = manifests;
  if (first === undefined || manifests.some(({ kind }) => kind !== 'NetworkMonitor')) return;
  const name = first.object.metadata.name;
  const remedy = `add a NetworkExperiment with abort: [{monitor: {ref: ${name}, threshold: NAME}}], or put the file into a folder and run 'squall serve FOLDER'`;
  throw new SquallError('InvalidInput', `${first.file}: kind: a NetworkMonitor is watched while something is run; ${remedy}`);
}

/** `namespace/name` of the monitors that an input has, and of those that its experiments may be aborted by. */
export function monitorsWanted(manifests: readonly Manifest[]): ReadonlySet<string> {
  const names = manifests.flatMap((manifest): string[] => {
    const { namespace = 'default', name } = manifest.object.metadata;
    if (manifest.kind === 'NetworkMonitor') return [`${namespace}/${name}`];
    if (manifest.kind !== 'NetworkExperiment') return [];
    return manifest.model.abort.flatMap((rule) => (rule.kind === 'monitor' ? [`${namespace}/${rule.monitor.ref}`] : []));
  });
  return new Set(names);
}

function shaperRun(manifest: Manifest & { kind: 'NetworkTrafficShaper' }, given: string | undefined): unknown {
  const { durationMs } = manifest.model;
  const duration = durationMs === undefined ? given : formatDuration(durationMs);
  if (duration === undefined) {
    const where = `${manifest.file}: spec.duration`;
    throw new SquallError(
      'InvalidInput',
      `${where}: required when a NetworkTrafficShaper is run by itself; set it, or give --for 30s`,
    );
  }
  const { duration: _own, ...fault } = manifest.object.spec as Record<string, unknown>;
  return { duration, before: '0s', after: '0s', fault };
}

function testRun(manifest: Manifest & { kind: 'NetworkConnectivityTest' }): unknown {
  const test: ConnectivityTest = manifest.model;
  // One second more than the probes take: only whole seconds are counted.
  const duration = formatDuration(Math.ceil((test.periodMs * test.count) / 1000) * 1000 + 1000);
  const tolerance = { [connectivityMetrics[0]]: 0 };
  const entry = { name: 'connectivity', connectivity: manifest.object.spec, phases: ['during'], tolerance };
  return { duration, hypothesis: [entry] };
}

/** Checked here, and not first by the store, when a guest and a lab are already up. */
function wrap({ object, file }: Manifest, spec: unknown): Runnable {
  const runnable = { apiVersion, kind: 'NetworkExperiment', metadata: object.metadata, spec };
  const problems = validateObject(runnable);
  if (problems.length > 0) throw new SquallError('InvalidInput', `${file}: cannot be run by itself: ${problems.join('; ')}`);
  return runnable;
}

function referencesOf(manifest: Manifest): string[] {
  if (manifest.kind !== 'NetworkExperiment') return [];
  const { fault, hypothesis, preflight } = manifest.model;
  const { namespace } = manifest.object.metadata;
  return [
    ...hypothesis.flatMap(({ test }) => ('ref' in test ? [keyText('NetworkConnectivityTest', test.ref, namespace)] : [])),
    ...(fault && 'ref' in fault ? [keyText('NetworkTrafficShaper', fault.ref, namespace)] : []),
    ...preflight.map(({ ref }) => keyText('NetworkModulesValidator', ref)),
  ];
}

function keyOf({ kind, object }: Manifest): string {
  return keyText(kind, object.metadata.name, object.metadata.namespace);
}

/** What is in no namespace has the default one here: of one kind all or none are. */
function keyText(kind: string, name: string, namespace = 'default'): string {
  return `${kind} ${namespace}/${name}`;
}
