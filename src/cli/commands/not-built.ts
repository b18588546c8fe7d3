import { Command } from 'commander';
import { SquallError } from '../../lib/index.ts';

/** Commands of the contract that a later part builds: they are named, and answer what they are. */
const names: Record<string, string> = {
  convert: 'translate between dialects',
};

export function notBuiltCommands(): Command[] {
  return Object.entries(names).map(([name, description]) =>
    new Command(name)
      .description(`${description} (not built yet)`)
      .argument('[argument...]')
      .allowUnknownOption()
      .helpOption(false)
      .action(() => {
        throw new SquallError('NotImplemented', `'squall ${name}' is not built yet`);
      }),
  );
}
