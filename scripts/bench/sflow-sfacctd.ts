/** The same recording through Debian's sfacctd (pmacct), where it is installed: processor time of decoding and keeping flows, from a file and not a socket. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const pcapHeaderLength = 24;
const timeoutMs = 120_000;
/** As those of the engine beside it; in memory, and printed once at the end. */
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

export function isSfacctdInstalled(): boolean {
  return spawnSync('sfacctd', ['-V'], { stdio: 'ignore' }).error === undefined;
}

/**
 * @param recording a pcap, which is repeated
 * @returns seconds of processor time, of sfacctd and its plugin together
 */
export async function sfacctdSeconds(recording: string, repetitions: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'squall-sfacctd-'));
  try {
    const [repeated, file] = [join(folder, 'repeated.pcap'), join(folder, 'sfacctd.conf')];
    const bytes = await readFile(recording);
    const records = bytes.subarray(pcapHeaderLength);
    const all = [bytes.subarray(0, pcapHeaderLength), ...Array.from({ length: repetitions }, () => records)];
    await writeFile(repeated, Buffer.concat(all));
    await writeFile(file, configuration(repeated, join(folder, 'flows.txt')));
    // `times` of a shell: of itself in the first line, of all that it has waited for in the second.
    const { stdout } = await run('sh', ['-c', 'sfacctd -f "$0" >/dev/null 2>&1; times', file], { timeout: timeoutMs });
    return secondsOf(stdout);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `0m1.250s 0m0.030s`: user and system. */
function secondsOf(times: string): number {
  const line = times.trim().split('\n').at(-1) ?? '';
  const parts = [...line.matchAll(/(\d+)m([\d.]+)s/g)].map(([, minutes, seconds]) => 60 * Number(minutes) + Number(seconds));
  if (parts.length !== 2) throw new Error(`expected the times of a shell's children, such as 0m1.250s 0m0.030s, got '${line}'`);
  return parts.reduce((sum, part) => sum + part, 0);
}
