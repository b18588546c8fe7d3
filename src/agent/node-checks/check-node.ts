/** The checks of what a node has, whoever asks: each gathers what it needs, and is judged. */
import type { CheckResult, PreflightCheck } from '../../api/index.ts';
import { SquallError } from '../../lib/index.ts';
import { judgeKernel, judgeModule, judgeQdisc, judgeSysctl, moduleState, qdiscTrial } from '../../preflight/index.ts';
import type { AgentContext } from '../context.ts';
import { withNamespace } from '../kernel/namespace.ts';
import { tryInScratch } from '../try-capability.ts';
import { readModuleListing } from './modules.ts';
import { readSysctl } from './sysctls.ts';

const kinds = ['sysctl', 'module', 'qdisc', 'kernel'] as const;
type NodeCheck = Extract<PreflightCheck, { check: (typeof kinds)[number] }>;
type NodeContext = Pick<AgentContext, 'namespaces' | 'nodePlace' | 'kernelRelease' | 'system'>;

export function isNodeCheck(check: PreflightCheck): check is NodeCheck {
  return (kinds as readonly string[]).includes(check.check);
}

/** Rejects with SquallError when what the check needs cannot be looked at. */
export async function checkNode(context: NodeContext, check: NodeCheck): Promise<CheckResult> {
  switch (check.check) {
    case 'sysctl':
      return judgeSysctl(check, await readOf(context, check), await context.system());
    case 'module': {
      const facts = await readModuleListing(check.module, context.nodePlace.root, context.kernelRelease);
      return judgeModule(check, moduleState(check.module, facts), await context.system());
    }
    case 'qdisc':
      return judgeQdisc(check, await tryInScratch({ program: 'tc', args: qdiscTrial(check.qdisc) }), await context.system());
    case 'kernel':
      return judgeKernel(check, context.kernelRelease);
  }
}

async function readOf(
  { namespaces, nodePlace }: NodeContext,
  { sysctl, podUid }: Extract<NodeCheck, { check: 'sysctl' }>,
): Promise<string | undefined> {
  if (podUid === undefined) return await readSysctl(nodePlace, sysctl);
  const found = await namespaces.find(podUid);
  if (found === undefined) throw new SquallError('NotFound', `the pod ${podUid} has no network namespace on this node`);
  return await withNamespace(namespaces, { podUid, ...found }, async (netNamespace) => {
    return await readSysctl({ netNamespace, root: '' }, sysctl);
  });
}
