/** Experiments that must be refused before anything is touched, in the lab of test/fixtures/lab/guarded.yaml. */
type Target = Record<string, unknown>;
type Changes = {
  targets?: Target[];
  /** Of the fault besides its targets. */
  fault?: Record<string, unknown>;
  /** Instead of a fault that is written out. */
  ref?: string;
  blastRadius?: Record<string, unknown>;
  hypothesis?: Record<string, unknown>[];
  before?: string;
};

export type UnsafeSituation = {
  what: string;
  changes?: Changes;
  /** What whoever starts Squall said of targets. */
  ceilings?: string[];
  reason: string;
  message: RegExp;
};

const pod = (name: string, namespace = 'shop'): Target => ({ kind: 'pod', namespace, name });
const labelled = (app: string, more: Target = {}): Target => ({
  kind: 'selector',
  namespace: 'shop',
  targetSelector: { matchLabels: { app } },
  ...more,
});
const both = [labelled('web')];
const reaches = (source: string, destination: Record<string, unknown>) => [
  {
    name: 'reaches',
    connectivity: { layer: '3', source: pod(source), destinations: [destination] },
    tolerance: { lossPercent: 1 },
  },
];
const peers = (...all: Record<string, unknown>[]) => ({ fault: { peers: all } });

export const unsafeSituations: UnsafeSituation[] = [
  { what: 'the pod does not exist', changes: { targets: [pod('nobody')] }, reason: 'NoTarget', message: /no running pod/ },
  { what: 'nobody has the label', changes: { targets: [labelled('nobody')] }, reason: 'NoTarget', message: /no running pod/ },
  { what: 'the pod has ended', changes: { targets: [pod('ended')] }, reason: 'NoTarget', message: /no running pod/ },
  {
    what: 'the pod is opted out',
    changes: { targets: [pod('opted-out')] },
    reason: 'TargetNotAllowed',
    message: /OptedOut: its label/,
  },
  {
    what: 'the pod is opted out in words of its own',
    changes: { targets: [pod('left-alone')] },
    reason: 'TargetNotAllowed',
    message: /OptedOut: its label/,
  },
  {
    what: 'its namespace is opted out',
    changes: { targets: [pod('silent', 'quiet')] },
    reason: 'TargetNotAllowed',
    message: /OptedOut: the label of its namespace/,
  },
  {
    what: 'one of two targets is opted out',
    changes: { targets: [pod('web-0'), pod('opted-out')] },
    reason: 'TargetNotAllowed',
    message: /shop\/opted-out is selected and must not be hurt/,
  },
  {
    what: 'the pod is too young',
    changes: { blastRadius: { minAge: '8760h' } },
    reason: 'TargetNotAllowed',
    message: /TooYoung/,
  },
  {
    what: 'more pods than its own limit',
    changes: { targets: both, blastRadius: { maxTargets: 1 } },
    reason: 'BlastRadiusExceeded',
    message: /blastRadius.maxTargets: 2 pods/,
  },
  {
    what: 'all of a workload',
    changes: { blastRadius: { maxPercentOfWorkload: 50 } },
    reason: 'BlastRadiusExceeded',
    message: /1 of 1 running pods \(100 %\)/,
  },
  {
    what: 'too much of a namespace',
    changes: { targets: both, blastRadius: { maxPercentOfNamespace: 30 } },
    reason: 'BlastRadiusExceeded',
    message: /2 of 6 running pods .* of namespace shop/,
  },
  {
    what: 'too much of the cluster',
    changes: { targets: both, blastRadius: { maxPercentOfCluster: 25 } },
    reason: 'BlastRadiusExceeded',
    message: /2 of 7 running pods .* of the cluster/,
  },
  {
    what: 'more than a disruption budget allows',
    changes: { targets: [labelled('vital')] },
    reason: 'DisruptionBudgetExceeded',
    message: /2 of its ready pods would be hurt; expected at most 1/,
  },
  {
    what: 'its peer is its own node, which is spared',
    changes: peers({ kind: 'node', name: 'lab' }),
    reason: 'InvalidInput',
    message: /a target's own node is spared/,
  },
  {
    what: 'its peer is name resolution, which is spared',
    changes: peers({ kind: 'cidr', cidr: '10.88.0.0/16', port: 53 }),
    reason: 'InvalidInput',
    message: /name resolution, which is spared/,
  },
  { what: 'its peer does not exist', changes: peers(pod('nobody')), reason: 'NotFound', message: /has no address/ },
  {
    what: 'its peer is a service with nobody behind it',
    changes: peers({ kind: 'service', namespace: 'shop', name: 'nobody' }),
    reason: 'NotFound',
    message: /has no address/,
  },
  {
    what: 'its exception does not exist, which would widen it',
    changes: { fault: { except: [pod('nobody')] } },
    reason: 'NotFound',
    message: /has no address/,
  },
  { what: 'its fault is somewhere else, and is not there', changes: { ref: 'nowhere' }, reason: 'NotFound', message: /nowhere/ },
  {
    what: 'its test is somewhere else, and is not there',
    changes: { hypothesis: [{ name: 'reaches', connectivity: { ref: 'nowhere' } }] },
    reason: 'NotFound',
    message: /nowhere/,
  },
  {
    what: 'the pod that probes does not run',
    changes: { hypothesis: reaches('ended', pod('web-1')) },
    reason: 'SourceNotRunning',
    message: /shop\/ended is not running/,
  },
  {
    what: 'what it probes has no address',
    changes: { hypothesis: reaches('web-1', pod('nobody')) },
    reason: 'NotFound',
    message: /has no address/,
  },
  {
    what: 'the steady state does not hold before',
    changes: { hypothesis: reaches('web-1', { kind: 'ip', ip: '10.88.200.200' }), before: '2s' },
    reason: 'SteadyStateNotMet',
    message: /reaches/,
  },
  {
    what: 'the pod has no such device',
    changes: { fault: { configuration: { type: 'loss', device: 'eth7', value: '10%' } } },
    reason: 'PreflightRefused',
    message: /eth7/,
  },
  {
    what: 'the name of its peer leads nowhere',
    changes: peers({ kind: 'host', host: 'nowhere.invalid' }),
    reason: 'PreflightRefused',
    message: /HostUnresolved/,
  },
  {
    what: 'more pods than the place allows',
    changes: { targets: both },
    ceilings: ['--max-targets=1'],
    reason: 'BlastRadiusExceeded',
    message: /no experiment can lift/,
  },
  {
    what: 'more pods than the place allows, though the experiment allows itself more',
    changes: { targets: both, blastRadius: { maxTargets: 1000 } },
    ceilings: ['--max-targets=1'],
    reason: 'BlastRadiusExceeded',
    message: /ceilings.maxTargets/,
  },
  {
    what: 'a larger share of a workload than the place allows',
    ceilings: ['--max-percent-of-workload=99'],
    reason: 'BlastRadiusExceeded',
    message: /ceilings.maxPercentOfWorkload/,
  },
  {
    what: 'a larger share of a namespace than the place allows',
    ceilings: ['--max-percent-of-namespace=10'],
    reason: 'BlastRadiusExceeded',
    message: /ceilings.maxPercentOfNamespace/,
  },
  {
    what: 'a larger share of the cluster than the place allows',
    ceilings: ['--max-percent-of-cluster=10'],
    reason: 'BlastRadiusExceeded',
    message: /ceilings.maxPercentOfCluster/,
  },
  {
    what: 'a younger pod than the place allows',
    ceilings: ['--min-age=8760h'],
    reason: 'TargetNotAllowed',
    message: /by ceilings\.minAge/,
  },
  {
    what: 'a pod of a protected namespace',
    ceilings: ['--protected-namespaces=shop'],
    reason: 'TargetNotAllowed',
    message: /ProtectedNamespace/,
  },
  {
    what: 'a pod that is not opted in where it must be',
    ceilings: ['--opt-in'],
    reason: 'TargetNotAllowed',
    message: /NotOptedIn/,
  },
];

/** The manifest of a situation; loss works on every kernel. */
export function manifestOf({ changes = {} }: Pick<UnsafeSituation, 'changes'>, name: string): Record<string, unknown> {
  const { targets = [pod('web-0')], fault, ref, blastRadius, hypothesis, before = '1s' } = changes;
  const written = { targets, configuration: { type: 'loss', device: 'eth0', value: '10%' }, lease: '9s', ...fault };
  return {
    apiVersion: 'networkmachinery.io/v1alpha1',
    kind: 'NetworkExperiment',
    metadata: { name, namespace: 'shop' },
    spec: {
      ...{ before, duration: '2s', after: '1s' },
      fault: ref === undefined ? written : { ref },
      ...(blastRadius === undefined ? {} : { blastRadius }),
      ...(hypothesis === undefined ? {} : { hypothesis }),
    },
  };
}
