/** A real Prometheus: the machine's own, else Debian's package, downloaded once and unpacked; nothing is installed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { must, unpackDownloaded } from '../../../src/lab/guest/packages.ts';
import { runProgram } from '../../../src/lib/index.ts';

export type Prometheus = AsyncDisposable & {
  /** The values of an instant query, by the labels that are asked for. */
  query: (expression: string) => Promise<{ metric: Record<string, string>; value: number }[]>;
};

/** Resolves to the folder of `prometheus` and `promtool`. */
export async function findPrometheus(): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'squall-tests');
  const folder = join(cache, 'prometheus');
  if (existsSync('/usr/bin/prometheus')) return '/usr/bin';
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true });
    const work = mkdtempSync(join(cache, 'download-'));
    try {
      await unpackDownloaded(join(work, 'root'), work, async (apt, archives) => {
        must(await apt('apt-get', ['download', '-q', 'prometheus'], archives), 'apt-get download prometheus');
      });
      renameSync(join(work, 'root'), folder);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  return join(folder, 'usr/bin');
}

/** What promtool finds to be wrong with a page of metrics; an empty text when nothing is. */
export async function checkMetrics(programs: string, page: string): Promise<string> {
  const { code, stdout, stderr } = await runProgram(join(programs, 'promtool'), ['check', 'metrics'], { input: page });
  return code === 0 ? '' : `${stdout}${stderr}`;
}

/** @param target host:port that is scraped every second */
export async function startPrometheus(programs: string, target: string): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'squall-prometheus-'));
  const config = join(folder, 'prometheus.yml');
  const scrape = { job_name: 'squall', scrape_interval: '1s', static_configs: [{ targets: [target] }] };
  writeFileSync(config, stringify({ scrape_configs: [scrape] }));
  const address = `127.0.0.1:${String(await freePort())}`;
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=${address}`];
  const child: ChildProcess = spawn(join(programs, 'prometheus'), args, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  return {
    query: async (expression) => {
      const answer = await fetch(`http://${address}/api/v1/query?query=${encodeURIComponent(expression)}`).catch(() => undefined);
      if (!answer?.ok) return [];
      type Answer = { data: { result: { metric: Record<string, string>; value: [number, string] }[] } };
      const { data } = (await answer.json()) as Answer;
      return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
