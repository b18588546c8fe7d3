import { describe, expect, it } from 'vitest';
import type { AgentView } from '../../src/agent/index.ts';
import type { NodeTask, TargetStatus } from '../../src/api/index.ts';
import { SquallError } from '../../src/lib/index.ts';
import { createAgentMetrics } from '../../src/server/index.ts';

const target = (phase: TargetStatus['phase'], renewals?: TargetStatus['renewals']): TargetStatus => ({
  podUid: 'pod',
  phase,
  since: '',
  ...(renewals === undefined ? {} : { renewals }),
});

function task(work: 'fault' | 'probe', ...targets: TargetStatus[]) {
  const status = { observedGeneration: 1, targets, residue: 0 };
  return { kind: 'NodeTask', metadata: { name: 'task' }, spec: { work }, status } as unknown as ReturnType<
    AgentView['tasks']['list']
  >[number];
}

/** The samples without comments, `name value`. */
async function samplesOf(metrics: ReturnType<typeof createAgentMetrics>): Promise<Record<string, number>> {
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('squall_agent'));
  return Object.fromEntries(lines.map((line) => line.split(' ')).map(([name = '', value]) => [name, Number(value)]));
}

describe("an agent's metrics", () => {
  it('are all there, and 0, before it has begun', async () => {
    expect(await samplesOf(createAgentMetrics('1', () => undefined))).toEqual({
      squall_agent_active_faults: 0,
      squall_agent_residue: 0,
      squall_agent_server_away_seconds: 0,
      'squall_agent_lease_renewals_total{result="done"}': 0,
      'squall_agent_lease_renewals_total{result="late"}': 0,
      'squall_agent_lease_renewals_total{result="failed"}': 0,
    });
  });

  it('are levels of the moment, and every renewal once', async () => {
    const metrics = createAgentMetrics('1', () => ({ residentBytes: 1, cpuSeconds: 2 }));
    const listeners: Parameters<AgentView['tasks']['onChange']>[0][] = [];
    const tasks = [task('fault', target('Active'), target('Clean')), task('probe', target('Active'))];
    metrics.readFrom({
      tasks: {
        list: () => tasks,
        onChange: (listener) => {
          listeners.push(listener);
          return () => undefined;
        },
      },
      isStoreRead: () => true,
      serverAwayMs: () => 1500,
      residue: () => 3,
      onWatchTrouble: (listener) => {
        listener(new SquallError('PermissionDenied', 'no'), 50, 'nodetasks');
        listener(new SquallError('PermissionDenied', 'no'), 100, 'nodetasks');
      },
    });
    const change = (before: NodeTask, object: NodeTask) => {
      for (const listener of listeners) {
        listener({ name: 'task' }, { type: 'modified', before, object } as Parameters<typeof listener>[1], 'live');
      }
    };
    const renewed = (done: number, late: number, failed: number) => task('fault', target('Active', { done, late, failed }));
    change(task('fault', target('Active')), renewed(2, 1, 0));
    change(renewed(2, 1, 0), renewed(3, 1, 1));
    expect(await samplesOf(metrics)).toEqual({
      squall_agent_active_faults: 1,
      squall_agent_residue: 3,
      squall_agent_server_away_seconds: 1.5,
      'squall_agent_lease_renewals_total{result="done"}': 2,
      'squall_agent_lease_renewals_total{result="late"}': 1,
      'squall_agent_lease_renewals_total{result="failed"}': 1,
      'squall_agent_watch_failures_total{resource="nodetasks",code="PermissionDenied"}': 2,
    });
    expect(await metrics.text()).toContain('squall_process_cpu_seconds_total{process="agent"} 2');
  });
});
