import type { Report } from '../api/index.ts';
import type { Evidence } from './evidence.ts';
import { type CaseResult, type TestCase, testCases } from './junit-cases.ts';
import { describeAbort } from './describe-abort.ts';
import { describeCleanUp, describeDose, describeVerdict } from './describe.ts';
import { cleanLine, cleanText } from './text.ts';

/**
 * JUnit XML of one run, as one suite. It keeps to what Ant's and Jenkins' schemas have in common: order of elements, a time stamp
 * in UTC without its zone, and both output elements.
 */
export function renderJunit(evidence: Evidence): string {
  const { report } = evidence;
  const cases = testCases(evidence);
  const count = (kind: CaseResult['kind']): string => String(cases.filter(({ result }) => result.kind === kind).length);
  const name = suiteName(report);
  const suite = attributes({
    name,
    package: 'squall',
    id: '0',
    timestamp: report.startedAt.slice(0, 19),
    hostname: 'localhost',
    tests: String(cases.length),
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
    time: seconds(Date.parse(report.endedAt) - Date.parse(report.startedAt)),
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite${suite}>`,
    '    <properties>',
    ...properties(report).map(([property, value]) => `      <property${attributes({ name: property, value })}/>`),
    '    </properties>',
    ...cases.map((testCase) => renderCase(name, testCase)),
    `    <system-out>${escapeXml(summary(report))}</system-out>`,
    `    <system-err>${escapeXml(report.warnings.join('\n'))}</system-err>`,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function suiteName({ experiment }: Report): string {
  return cleanLine([experiment.namespace, experiment.name].filter((part) => part !== '').join('/')) || 'run';
}

function renderCase(suite: string, { group, name, milliseconds, result }: TestCase): string {
  const start = `    <testcase${attributes({ name: cleanLine(name), classname: `${suite}.${group}`, time: seconds(milliseconds) })}`;
  switch (result.kind) {
    case 'passed':
      return `${start}/>`;
    case 'skipped':
      return `${start}><skipped${attributes({ message: result.message })}/></testcase>`;
    case 'failure':
    case 'error': {
      const { kind, type, message, detail } = result;
      return `${start}><${kind}${attributes({ type, message })}>${escapeXml(detail)}</${kind}></testcase>`;
    }
  }
}

function properties({ verdict, reason, experiment, kernel, driver, residue }: Report): [string, string][] {
  return [
    ['verdict', verdict],
    ['reason', reason],
    ['run', experiment.uid],
    ['seed', experiment.seed],
    ['kernel', kernel],
    ['driver', driver],
    ['residue', String(residue)],
  ];
}

function summary(report: Report): string {
  return [
    `${report.verdict} (${report.reason}): ${report.message}`,
    describeVerdict(report),
    ...report.dose.map((dose) => `dose of ${dose.fault} on ${dose.target}: ${describeDose(dose)}`),
    ...(report.abort === null ? [] : [`abort: ${describeAbort(report.abort)}`]),
    `clean-up: ${describeCleanUp(report)}`,
    'all records: journal.jsonl beside this file',
  ].join('\n');
}

function attributes(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(value).replace(/[\t\n\r]/g, (blank) => `&#${String(blank.charCodeAt(0))};`)}"`)
    .join('');
}

const xmlEntities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

function escapeXml(text: string): string {
  return cleanText(text).replace(/[&<>"']/g, (character) => xmlEntities[character] ?? '');
}

/** Seconds for a time attribute; a clock that was set back gives 0, not a negative time. */
function seconds(milliseconds: number): string {
  return (Math.max(0, milliseconds) / 1000).toFixed(3);
}
