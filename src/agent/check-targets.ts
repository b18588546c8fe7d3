/** Checks of what is on targets and beside them, whatever the fault is. */
import type { CheckResult, PreflightCheck } from '../api/index.ts';
import {
  type ConntrackFacts,
  hasIpSocket,
  judgeConntrack,
  judgeIpStack,
  judgeServiceMesh,
  judgeShortCircuit,
  judgeTcpTimeouts,
  type NamespaceLook,
  type StackFacts,
} from '../preflight/index.ts';
import { messageOf } from '../lib/index.ts';
import { type Looks, readPins } from './look-into.ts';

const kinds = ['ip-stack', 'conntrack', 'tcp-timeouts', 'service-mesh', 'short-circuit'] as const;
type CheckOfTargets = Extract<PreflightCheck, { check: (typeof kinds)[number] }>;

export function isCheckOfTargets(check: PreflightCheck): check is CheckOfTargets {
  return kinds.some((kind) => kind === check.check);
}

export async function checkTargets(looks: Looks, check: CheckOfTargets): Promise<CheckResult> {
  if (check.check === 'ip-stack') {
    return judgeIpStack(check, await Promise.all(check.podUids.map(async (one) => await stackOf(looks, one, check.device))));
  }
  // The others never refuse a run; so neither does that they could not be made.
  return await checkToWarn(looks, check).catch((error: unknown) => ({
    ...{ check, ok: true, expected: 'the check can be made', found: messageOf(error), remedy: '' },
    warning: `NotLookedAt: ${messageOf(error)}`,
  }));
}

async function stackOf(looks: Looks, podUid: string, name: string): Promise<StackFacts> {
  const { namespace, device } = (await looks.target(podUid, name)) ?? {};
  if (namespace === undefined || device === undefined || !hasIpSocket(namespace, device)) return { podUid, namespace, device };
  return { podUid, namespace, device, moved: await looks.packetsMoved(podUid, name) };
}

async function checkToWarn(looks: Looks, check: Exclude<CheckOfTargets, { check: 'ip-stack' }>): Promise<CheckResult> {
  switch (check.check) {
    case 'conntrack': {
      const lookAt = async (podUid: string) => ({ podUid, ...countOf(await looks.namespace(podUid)) });
      const [node, targets] = await Promise.all([looks.node(), Promise.all(check.podUids.map(lookAt))]);
      return judgeConntrack(check, { node: countOf(node), targets });
    }
    case 'tcp-timeouts': {
      const lookAt = async (podUid: string) => ({ podUid, sysctls: (await looks.namespace(podUid))?.numbers ?? {} });
      return judgeTcpTimeouts(check, await Promise.all(check.podUids.map(lookAt)));
    }
    case 'service-mesh':
      return judgeServiceMesh(check);
    case 'short-circuit':
      return judgeShortCircuit(check, await readPins());
  }
}

function countOf(look: NamespaceLook | undefined): NonNullable<ConntrackFacts['node']> {
  return { count: look?.numbers.connections, most: look?.numbers.mostConnections };
}
