/**
 * One recording, read from a file, through Squall's engine and through Debian's sfacctd (pmacct), where that is installed: the processor time of decoding and
 * of keeping flows, without a socket.
 */
import { execFile, spawnSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readCapture } from '../../src/observers/index.ts';
import { engineWork } from './sflow-engine.ts';
import { spreadOf, spreadText, tableLines } from './summary.ts';

const run = promisify(execFile);
const pcapHeaderLength = 24;
const timeoutMs = 120_000;
const [rounds, repetitions] = [5, 1000];

/** Flows as those of the engine; kept in memory, and written once at the end. */
const configuration = (recording: string, output: string): string =>
  [
    'daemonize: false',
    `pcap_savefile: ${recording}`,
    'plugins: print',
    'aggregate: src_host, dst_host, proto, src_port, dst_port',
    'sfacctd_renormalize: true',
    'print_refresh_time: 3600',
    `print_output_file: ${output}`,
    '',
  ].join('\n');

export type SideBySide = { name: string; datagramsPerCpuSecond: ReturnType<typeof spreadOf> };

/** @param recording a pcap, which is repeated; @returns nothing, and says so, where there is no sfacctd, or none that works */
export async function benchBesideSfacctd(recording: string): Promise<SideBySide[]> {
  if (spawnSync('sfacctd', ['-V'], { stdio: 'ignore' }).error !== undefined) {
    console.log('sfacctd is not installed, so nothing is measured beside it (Debian: apt-get install pmacct)');
    return [];
  }
  const folder = await mkdtemp(join(tmpdir(), 'squall-sfacctd-'));
  try {
    const [once, repeated] = [join(folder, 'once.pcap'), join(folder, 'repeated.pcap')];
    const bytes = await readFile(recording);
    const records = Array.from({ length: repetitions }, () => bytes.subarray(pcapHeaderLength));
    await writeFile(once, bytes);
    await writeFile(repeated, Buffer.concat([bytes.subarray(0, pcapHeaderLength), ...records]));
    const failure = await throughSfacctd(once, folder).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : 'for no reason that it gave'),
    );
    if (failure !== undefined) {
      console.log(`sfacctd did not work, so nothing is measured beside it: ${failure}`);
      return [];
    }
    const datagrams = (await throughEngine(once)).datagrams * (repetitions - 1);
    const subjects = [
      { name: 'Squall, from the file', seconds: async (file: string) => (await throughEngine(file)).seconds },
      { name: 'sfacctd, from the file', seconds: (file: string) => throughSfacctd(file, folder) },
    ];
    const rates: number[][] = subjects.map(() => []);
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, { seconds }] of subjects.entries()) {
        // What starting and ending costs is in both.
        const spent = (await seconds(repeated)) - (await seconds(once));
        rates[index]?.push(datagrams / spent);
      }
    }
    const results = subjects.map(({ name }, index) => ({ name, datagramsPerCpuSecond: spreadOf(rates[index] ?? []) }));
    console.log(`\n${String(datagrams)} datagrams of one recording, ${String(rounds)} rounds in turn`);
    const rows = results.map(({ name, datagramsPerCpuSecond }) => [name, spreadText(datagramsPerCpuSecond, 0)]);
    for (const line of tableLines([['', 'datagrams / CPU s'], ...rows], 1)) console.log(line);
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function throughEngine(file: string): Promise<{ datagrams: number; seconds: number }> {
  const before = process.cpuUsage();
  const work = engineWork({ hasThreshold: false });
  let datagrams = 0;
  for await (const captured of readCapture(createReadStream(file), { name: file })) {
    if (captured.kind !== 'datagram') continue;
    work(captured.payload);
    datagrams += 1;
  }
  const { user, system } = process.cpuUsage(before);
  return { datagrams, seconds: (user + system) / 1e6 };
}

/**
 * Processor seconds of sfacctd and its plugin together.
 * @throws Error where it failed, or has written no flows: its time would be that of nothing
 */
export async function throughSfacctd(recording: string, folder: string, program = 'sfacctd'): Promise<number> {
  const [file, output] = [join(folder, 'sfacctd.conf'), join(folder, 'flows.txt')];
  await rm(output, { force: true });
  await writeFile(file, configuration(recording, output));
  // `times` of a shell: of itself in the first line, of all that it has waited for in the second.
  const measured = '"$0" -f "$1" >/dev/null 2>&1; code=$?; times; exit $code';
  const { stdout } = await run('sh', ['-c', measured, program, file], { timeout: timeoutMs }).catch((error: unknown) => {
    const { code } = error as { code?: unknown };
    throw new Error(`${program} ended with ${String(code)}; run it with ${file} to see why`, { cause: error });
  });
  const lines = (await readFile(output, 'utf8').catch(() => '')).trim().split('\n').length;
  if (lines < 2) throw new Error(`${program} has written no flows to ${output}`);
  return secondsOf(stdout);
}

/** `0m1.250s 0m0.030s`: user and system. */
function secondsOf(times: string): number {
  const line = times.trim().split('\n').at(-1) ?? '';
  const parts = [...line.matchAll(/(\d+)m([\d.]+)s/g)].map(([, minutes, seconds]) => 60 * Number(minutes) + Number(seconds));
  if (parts.length !== 2) throw new Error(`expected the times of a shell's children, such as 0m1.250s 0m0.030s, got '${line}'`);
  return parts.reduce((sum, part) => sum + part, 0);
}
