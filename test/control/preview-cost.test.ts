import { expect, it } from 'vitest';
import { planRun } from '../../src/control/plan-run.ts';
import { costOf } from '../../src/control/preview-cost.ts';
import { request, world } from './world.ts';

it('a preview counts what a run asks of the store, of nodes and of the network', () => {
  const planned = planRun(request(), world, 0);
  if (planned.kind !== 'planned') throw new Error(planned.message);
  // Checks and the fault on two nodes, one of which probes, too; 2 addresses every 200 ms; a lease of 9 s on 2 targets.
  const rates = { leaseRenewals: 0.333, kernelRenewals: 0.667, probes: 10 };
  expect(costOf(planned.tasks)).toEqual({ nodeTasks: 5, nodes: 2, ...rates });
  expect(costOf({ ...planned.tasks, fault: [] })).toMatchObject({ leaseRenewals: 0, kernelRenewals: 0, probes: 10 });
});
