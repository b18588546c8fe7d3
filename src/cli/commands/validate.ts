/** `squall validate`: holds manifests against the rules. Nothing is created and nothing is touched. */
import { Command, Option } from 'commander';
import { type DocumentSummary, formatProblem, type ManifestResult, notImplementedYet } from '../../api/index.ts';
import { systemClock } from '../../lib/index.ts';
import { readCheckedManifests } from '../read-manifests.ts';

type Output = 'text' | 'json';

/** Exit code 0 when every document is good, else 2. */
export function validateCommand(): Command {
  return new Command('validate')
    .description('parse and check manifests; every error is listed with file, line and field')
    .argument('<file...>', 'YAML or JSON files, of at most 1 MiB each; - is standard input')
    .addOption(new Option('-o, --output <format>', 'how to print the result').choices(['text', 'json']).default('text'))
    .action(async (files: string[], { output }: { output: Output }) => {
      const result = await readCheckedManifests(files, systemClock.now());
      process.stdout.write(output === 'json' ? renderJson(result) : renderText(result));
      process.exitCode = result.errors.length === 0 ? 0 : 2;
    });
}

/** One line for each document and problem, those of one file together. */
export function renderText(result: ManifestResult): string {
  const { documents, warnings, errors } = result;
  const notes = result.manifests.flatMap(notImplementedYet);
  const lines = [
    ...documents.map((document) => ({ ...document, text: describe(document) })),
    ...warnings.map((problem) => ({ ...problem, text: formatProblem(problem, 'warning') })),
    ...errors.map((problem) => ({ ...problem, text: formatProblem(problem) })),
    ...notes.map((problem) => ({ ...problem, text: formatProblem(problem, 'note') })),
  ];
  const files = [...new Set(lines.map(({ file }) => file))];
  // Sorting is stable: a document comes before the problems of its first line.
  lines.sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line);
  const invalid = documents.filter(({ valid }) => !valid).length;
  const summary = `${count(documents.length, 'document')}, ${count(invalid, 'invalid document')}, ${count(errors.length, 'error')}, ${count(warnings.length, 'warning')}`;
  return [...lines.map(({ text }) => text), summary, ''].join('\n');
}

/** `valid` is of the whole input: one bad document makes it invalid. */
export function renderJson(result: ManifestResult): string {
  const { documents, warnings, errors } = result;
  const notImplemented = result.manifests.flatMap(notImplementedYet);
  return `${JSON.stringify({ valid: errors.length === 0, documents, warnings, errors, notImplemented }, undefined, 2)}\n`;
}

function describe({ file, line, kind, namespace, name, valid }: DocumentSummary): string {
  const full = namespace === undefined ? name : `${namespace}/${name}`;
  // Names of invalid documents are as they were written; a quoted one cannot steer a terminal.
  const shown = valid ? `${kind} ${full}` : `${JSON.stringify(kind)} ${JSON.stringify(full)}`;
  return `${file}:${line}: ${valid ? 'OK' : 'INVALID'}: ${shown}`;
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
