import { dirname, join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { SquallError } from '../../lib/index.ts';
import {
  buildReport,
  findRuns,
  readJournal,
  renderFiles,
  renderSummary,
  type ReportFile,
  type RunFolder,
} from '../../report/index.ts';
import { defaultStateFolder, stateFiles } from '../state.ts';

type Output = 'text' | 'json' | 'html' | 'junit' | 'journal';
type ReportOptions = { namespace?: string; output: Output; state: string };

const files: Record<Exclude<Output, 'text'>, ReportFile> = {
  json: 'report.json',
  html: 'report.html',
  junit: 'junit.xml',
  journal: 'journal.jsonl',
};

/** Exit code 0 whatever the verdict was; 7 when there is no such run. Needs no running `squall serve`. */
export function reportCommand(): Command {
  return new Command('report')
    .description("print the report of a run: the newest of its name in the state folder's runs")
    .argument('<name>', 'the run')
    .option('-n, --namespace <namespace>', 'where the run is, when several namespaces have had one of its name')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(['text', ...Object.keys(files)]).default('text'))
    .option('--state <dir>', 'state folder', defaultStateFolder())
    .action((name: string, { namespace, output, state }: ReportOptions) => {
      const run = newestRun(findRuns(stateFiles(resolve(state)).runs), name, namespace, state);
      printReport(run, output);
    });
}

/** @param runs the newest first */
export function newestRun(runs: readonly RunFolder[], name: string, namespace: string | undefined, state: string): RunFolder {
  const named = runs.filter((run) => run.name === name && (namespace === undefined || run.namespace === namespace));
  const namespaces = [...new Set(named.map((run) => run.namespace))];
  if (namespaces.length > 1) {
    throw new SquallError(
      'InvalidInput',
      `the namespaces ${namespaces.join(', ')} each have had a run '${name}'; name one with -n`,
    );
  }
  const [newest] = named;
  if (newest) return newest;
  const most = 20;
  const known = [...new Set(runs.map((run) => `${run.namespace}/${run.name}`))];
  const list =
    known.length === 0
      ? 'there is none of any run'
      : `there are ${known.slice(0, most).join(', ')}${known.length > most ? ', …' : ''}`;
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  throw new SquallError('NotFound', `${state} has no report of a run '${name}'${where}; ${list}`);
}

function printReport({ folder, namespace, name }: RunFolder, output: Output): void {
  const file = join(folder, 'journal.jsonl');
  const records = readJournal(file);
  if (!records.some(({ type }) => type === 'verdict')) {
    process.stderr.write(`note: ${namespace}/${name} has no verdict yet: it is still running, or it was cut off\n`);
  }
  process.stdout.write(
    output === 'text' ? renderSummary(buildReport(records), { folder: dirname(file) }) : renderFiles(records)[files[output]],
  );
}
