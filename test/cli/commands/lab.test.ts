import { describe, expect, it } from 'vitest';
import { describeTopology, parseTopology } from '../../../src/lab/index.ts';
import { formatLab, formatRemoval, labCommand } from '../../../src/cli/commands/lab.ts';

describe('squall lab', () => {
  it('has the four subcommands, each with a state folder', () => {
    const { commands } = labCommand();
    expect(commands.map((command) => command.name())).toEqual(['up', 'exec', 'status', 'down']);
    for (const command of commands) expect(command.options.map(({ long }) => long)).toContain('--state');
  });

  it.each([
    [
      { namespaces: ['squall-a', 'squall-b'], processes: 3, forgotten: false },
      'Ended 3 processes and deleted 2 network namespaces:\n  squall-a\n  squall-b',
    ],
    [{ namespaces: [], processes: 0, forgotten: false }, 'There was nothing to remove.'],
    [{ namespaces: [], processes: 0, forgotten: true }, 'The lab was of another boot of this machine; its record is removed.'],
  ])('says what it removed (%#)', (removal, text) => {
    expect(formatRemoval(removal)).toBe(text);
  });

  it("shows a switch that is not the kernel's, and what of it has ended", () => {
    const pod = 'apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: main, command: [sleep] }] }\n';
    const config = '---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: lab-switch }\ndata: { switch: openvswitch }\n';
    const lab = describeTopology(parseTopology(pod + config, 'lab.yaml', '/'), 0);
    expect(formatLab(lab)).toContain(
      'SWITCH\nopenvswitch  running  sFlow of 1 in 64 packets, counters every 5 s, from 10.88.0.1 to 127.0.0.1:6343',
    );
    const [first = expect.fail(), ...others] = lab.switch?.processes ?? [];
    const processes = [{ ...first, state: 'ended' as const }, ...others];
    expect(formatLab({ ...lab, switch: lab.switch && { ...lab.switch, processes } })).toContain(
      'openvswitch  ended: ovsdb-server',
    );
    expect(formatLab(describeTopology(parseTopology(pod, 'lab.yaml', '/'), 0))).not.toContain('SWITCH');
  });
});
