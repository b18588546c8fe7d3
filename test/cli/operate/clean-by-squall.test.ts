import { afterEach, beforeEach, expect, it } from 'vitest';
import { agentResidueAnnotation, apiVersion, nodeLabel, systemNamespace } from '../../../src/api/index.ts';
import { untilClean } from '../../../src/cli/operate/clean-by-squall.ts';
import { experiments, leases } from '../../../src/control/index.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { type Machine, obedient, shortRun, startMachine } from '../../control/machine.ts';

const agent = { namespace: systemNamespace, name: 'squall-agent-lab' };
let machine: Machine;
beforeEach(async () => {
  machine = await startMachine(obedient, { controlled: false });
  const metadata = { ...agent, labels: { [nodeLabel]: 'lab' }, annotations: { [agentResidueAnnotation]: '2' } };
  const spec = { holderIdentity: 'lab', leaseDurationSeconds: 30, renewTime: '2026-01-01T00:00:00.000000Z' };
  await machine.store.create(leases, { apiVersion: leases.apiVersion, kind: leases.kind, metadata, spec });
});
afterEach(async () => {
  await machine.stop();
});

it('waits until the agent says that nothing of a former life is left', async () => {
  const cleaning = untilClean(machine.store, systemClock, 10_000);
  await systemClock.sleep(700);
  await machine.store.patchMetadata(leases, agent, { annotations: { [agentResidueAnnotation]: '0' } });
  expect(await cleaning).toEqual({ residue: 0, active: [] });
});

it('says what is left when the time is up, and which runs are active', async () => {
  const metadata = { name: 'slow', namespace: 'shop' };
  await machine.store.create(experiments, { apiVersion, kind: 'NetworkExperiment', metadata, spec: shortRun });
  expect(await untilClean(machine.store, systemClock, 0)).toEqual({ residue: 2, active: ['shop/slow'] });
});
