/** The tasks by which nodes are looked at. */
import {
  apiVersion,
  type ModulesValidator,
  type NodeTask,
  nodeLabel,
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

/** The look of one round at one node. It has no targets: nothing is touched. */
export function roundTask(
  { uid, name, instance }: { uid: string; name: string; instance: string },
  validator: ModulesValidator,
  round: ValidationRound,
  node: string,
): NodeTask {
  const labels = { [nodeLabel]: shortNodeName(node), [validatorUidLabel]: uid, [workLabel]: 'preflight' };
  return {
    apiVersion,
    kind: 'NodeTask',
    metadata: { name: roundTaskName(uid, round.number, node), namespace: systemNamespace, labels },
    spec: {
      node,
      run: { uid, namespace: '', name },
      work: 'preflight',
      instance,
      generation: 1,
      order: 'apply',
      targets: [],
      checks: distinctChecks(checksOfValidator(validator, [])),
      // Every task names a Lease; without a fault nobody looks at it.
      lease: { name: `validator-${uid}`, seconds: 30 },
      notAfter: formatInstant(Date.parse(round.startedAt) + taskLifeMs),
    },
  };
}
