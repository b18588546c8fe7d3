/** The tasks by which nodes are looked at. */
import {
  apiVersion,
  type ModulesValidator,
  type NodeTask,
  nodeLabel,
  type NodeTaskSpec,
  shortNodeName,
  systemNamespace,
  type ValidationRound,
  validatorUidLabel,
  workLabel,
} from '../../api/index.ts';
import { formatInstant } from '../../lib/index.ts';
import { checksOfValidator, distinctChecks } from '../../preflight/index.ts';

/** Nobody looks at the answer any more; an agent whose clock is off must not give up before. */
const taskLifeMs = 600_000;

export function roundTaskName(validatorUid: string, round: number, node: string): string {
  return `${validatorUid}-round-${String(round)}-${shortNodeName(node)}`.toLowerCase();
}

export function enforceTaskName(validatorUid: string, node: string): string {
  return `${validatorUid}-enforce-${shortNodeName(node)}`.toLowerCase();
}

type Owner = { uid: string; name: string; instance: string };

/** The look of one round at one node. It has no targets: nothing is touched. */
export function roundTask(owner: Owner, validator: ModulesValidator, round: ValidationRound, node: string): NodeTask {
  return taskOf(owner, node, {
    name: roundTaskName(owner.uid, round.number, node),
    work: 'preflight',
    generation: 1,
    checks: distinctChecks(checksOfValidator(validator, [])),
    notAfter: formatInstant(Date.parse(round.startedAt) + taskLifeMs),
  });
}

/** Lives as long as the validator enforces; each round's number is a new generation, by which the sysctls are set again. */
export function enforceTask(owner: Owner, validator: ModulesValidator, round: ValidationRound, node: string): NodeTask {
  const sysctls = validator.sysctls.flatMap(({ name, scope, expect }) =>
    scope === 'host' && expect.operator === 'equals' ? [{ sysctl: name, value: expect.value }] : [],
  );
  return taskOf(owner, node, {
    name: enforceTaskName(owner.uid, node),
    work: 'enforce',
    generation: round.number,
    sysctls,
    notAfter: '9999-12-31T23:59:59Z',
  });
}

type Work = Pick<NodeTaskSpec, 'work' | 'generation' | 'notAfter'> & Partial<Pick<NodeTaskSpec, 'checks' | 'sysctls'>>;

function taskOf({ uid, name: validator, instance }: Owner, node: string, { name, ...work }: Work & { name: string }): NodeTask {
  const labels = { [nodeLabel]: shortNodeName(node), [validatorUidLabel]: uid, [workLabel]: work.work };
  return {
    apiVersion,
    kind: 'NodeTask',
    metadata: { name, namespace: systemNamespace, labels },
    spec: {
      node,
      run: { uid, namespace: '', name: validator },
      instance,
      order: 'apply',
      targets: [],
      // Every task names a Lease; without a fault nobody looks at it.
      lease: { name: `validator-${uid}`, seconds: 30 },
      ...work,
    },
  };
}
