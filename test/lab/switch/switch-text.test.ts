import { describe, expect, it } from 'vitest';
import { parseTopology } from '../../../src/lab/index.ts';
import { nodeBatch, switchedPortsRuleset } from '../../../src/lab/network-text.ts';
import { planLab } from '../../../src/lab/plan.ts';
import { bridgesCommand, exportCommand } from '../../../src/lab/switch/switch-text.ts';
import { idlePod } from '../support/labs.ts';

const openVswitch = `---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: lab-switch }\ndata: { switch: openvswitch, sampling: '8' }\n`;
const planOf = (text: string) =>
  planLab(parseTopology(text, 'test.yaml', '/folder'), {
    instance: '0a0b0c0d',
    now: 0,
    newUid: () => 'uid',
    baseEnvironment: {},
  });
const plan = planOf(idlePod('a') + idlePod('b') + openVswitch);

describe('the text for Open vSwitch', () => {
  it('puts the pods on the bridge that samples, and the node on the one that does not', () => {
    const words = bridgesCommand(plan).join(' ');
    expect(words).toContain('add-port squall1 pod-0 -- add-port squall1 pod-1');
    expect(exportCommand(plan.switch ?? expect.fail()).join(' ')).toMatch(/set Bridge squall1 sflow=@sflow$/);
    for (const name of ['squall0', 'squall1']) expect(words).toContain(`set Bridge ${name} datapath_type=netdev`);
  });

  it('exports as the topology says, to the relay in the node', () => {
    expect(exportCommand(plan.switch ?? expect.fail())).toEqual(
      expect.arrayContaining(['sampling=8', 'polling=5', 'header=128', 'targets="127.0.0.1:6343"', 'agent="10.88.0.1"']),
    );
  });

  it('leaves the bridge to it, and keeps the packets of its ports from the stack of the node', () => {
    expect(nodeBatch(plan)).not.toMatch(/link add|master/);
    expect(nodeBatch(planOf(idlePod('a')))).toMatch(/link add squall0 type bridge .*master squall0/s);
    expect(switchedPortsRuleset(plan)).toMatch(/hook ingress devices = \{ pod-0, pod-1 \} .* policy drop/);
  });
});
