import { afterEach, beforeEach, expect, it } from 'vitest';
import { agentResidueAnnotation, apiVersion, nodeLabel, systemNamespace } from '../../../src/api/index.ts';
import { untilClean } from '../../../src/cli/operate/clean-by-squall.ts';
import { experiments, leases } from '../../../src/control/index.ts';
import { formatMicroTime, systemClock } from '../../../src/lib/index.ts';
import { type Machine, obedient, shortRun, startMachine } from '../../control/machine.ts';

let machine: Machine;
beforeEach(async () => {
  machine = await startMachine(obedient, { controlled: false });
});
afterEach(async () => {
  await machine.stop();
});

const metadata = (residue: number) => ({
  ...{ namespace: systemNamespace, name: 'squall-agent-lab' },
  labels: { [nodeLabel]: 'lab' },
  annotations: { [agentResidueAnnotation]: String(residue) },
});
const specAt = (instant: number) => ({ holderIdentity: 'lab', leaseDurationSeconds: 30, renewTime: formatMicroTime(instant) });

/** What the agent says at an instant. */
async function say(residue: number, instant: number): Promise<void> {
  const { apiVersion: version, kind } = leases;
  await machine.store.create(leases, { apiVersion: version, kind, metadata: metadata(residue), spec: specAt(instant) });
}

async function sayAgain(residue: number, instant: number): Promise<void> {
  const current = await machine.store.get(leases, { namespace: systemNamespace, name: 'squall-agent-lab' });
  await machine.store.update(leases, {
    ...current,
    metadata: { ...current.metadata, ...metadata(residue) },
    spec: specAt(instant),
  });
}

const minuteMs = 60_000;

it('waits until the agent says that nothing of a former life is left', async () => {
  await say(2, Date.now() + minuteMs);
  const cleaning = untilClean(machine.store, systemClock, 10_000);
  await systemClock.sleep(700);
  await sayAgain(0, Date.now() + 2 * minuteMs);
  expect(await cleaning).toEqual({ residue: 0, active: [] });
});

it('does not believe what was said before it asked, by a former life perhaps', async () => {
  await say(0, Date.now() - minuteMs);
  expect(await untilClean(machine.store, systemClock, 0)).toEqual({ residue: undefined, active: [] });
});

it('says what is left when the time is up, and which runs are active', async () => {
  await say(2, Date.now() + minuteMs);
  await machine.store.create(experiments, {
    apiVersion,
    kind: 'NetworkExperiment',
    metadata: { name: 'slow', namespace: 'shop' },
    spec: shortRun,
  });
  expect(await untilClean(machine.store, systemClock, 0)).toEqual({ residue: 2, active: ['shop/slow'] });
});
