import { describe, expect, it } from 'vitest';
import { formatRemoval, labCommand } from '../../../src/cli/commands/lab.ts';

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
});
