/** `squall profile`: a recording of RTT and loss as a manifest. It reads one file, and writes to standard output. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Command } from 'commander';
import { stringify } from 'yaml';
import { formatProblem, readManifests } from '../../api/index.ts';
import { messageOf, SquallError } from '../../lib/index.ts';
import { profileShaper } from '../profile/profile-shaper.ts';
import { readProfile } from '../profile/read-profile.ts';
import { targetsOf } from '../profile/targets.ts';

type ProfileOptions = { name?: string; namespace: string; target: string[]; selector?: string };

/** Exit code 0; 2 when the recording or an option is not good. */
export function profileCommand(): Command {
  return new Command('profile')
    .description('make a NetworkTrafficShaper of a recording of RTT and loss over time, for squall run or kubectl apply')
    .argument('<file.csv>', 'columns seconds (or time), and rtt in milliseconds, loss in percent, or both')
    .option(
      '--target <namespace/name>',
      'the pod that gets it; may be repeated',
      (one: string, all: string[]) => [...all, one],
      [],
    )
    .option('--selector <labels>', 'the pods that get it, such as app=payments')
    .option('--name <name>', "of the shaper; without it the file's, without .csv")
    .option('-n, --namespace <namespace>', 'where the shaper is, and pods without a namespace are', 'default')
    .action(async (file: string, options: ProfileOptions) => {
      process.stdout.write(manifestOf(file, await textOf(file), options));
    });
}

/** @throws SquallError InvalidInput */
export function manifestOf(file: string, text: string, options: ProfileOptions): string {
  const { namespace, target, selector } = options;
  const name = options.name ?? basename(file).replace(/\.csv$/i, '');
  const targets = targetsOf(target, selector, namespace);
  const manifest = profileShaper(readProfile(file, text), { name, namespace, targets });
  const comment = `# Made by squall profile of ${JSON.stringify(file)}. RTT is added to what the network has by itself; nothing was subtracted.\n`;
  const yaml = comment + stringify(manifest, { aliasDuplicateObjects: false });
  // Names and labels come from the command line: they are judged where all manifests are.
  const { errors } = readManifests([{ name: 'manifest', text: yaml }]);
  if (errors.length > 0) throw new SquallError('InvalidInput', errors.map((problem) => formatProblem(problem)).join('\n'));
  return yaml;
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new SquallError('InvalidInput', `${file} cannot be read: ${messageOf(error)}; expected a CSV file`);
  }
}
