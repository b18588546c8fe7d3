/** An unmodified client of an sFlow-RT: curl, with the requests of its documentation. It works on any server that speaks its REST API. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type CurlAnswer = { status: number; body: string };

export async function curl(method: string, url: string, body?: string, seconds = 30): Promise<CurlAnswer> {
  const data = body === undefined ? [] : ['-H', 'Content-Type:application/json', '--data', body];
  const { stdout } = await run('curl', ['-sS', '-m', String(seconds), '-X', method, '-w', '\n%{http_code}', ...data, url]);
  const end = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
}

export type CurlFlow = { flow: string; threshold: string; keys: string; value: string; limit: number; waitSeconds: number };

export type CurlSession = {
  /** What PUT of the flow and of the threshold answered. */
  put: CurlAnswer[];
  /** Of the long poll, newest first. */
  events: Record<string, unknown>[];
  /** The largest flow of the metric that the newest event names, as InMon's examples ask for it. */
  largest: CurlAnswer;
  /** What the DELETEs answered. */
  removed: CurlAnswer[];
};

/**
 * Defines a flow and a threshold, waits for its events by long poll, asks what the largest flow is, and takes both away again.
 * @param base such as http://127.0.0.1:8008
 * @param provoke makes the traffic, once the question for events is on its way
 */
export async function runCurlClient(base: string, wanted: CurlFlow, provoke: () => Promise<void>): Promise<CurlSession> {
  const { flow, threshold, keys, value, limit, waitSeconds } = wanted;
  const put = [
    await curl('PUT', `${base}/flow/${flow}/json`, `{keys:'${keys}',value:'${value}',t:'2',log:'true'}`),
    await curl('PUT', `${base}/threshold/${threshold}/json`, `{"metric":"${flow}","value":"${String(limit)}","byFlow":"true"}`),
  ];
  const wait = `thresholdID=${threshold}&eventID=-1&maxEvents=10&timeout=${String(waitSeconds)}`;
  const waiting = curl('GET', `${base}/events/json?${wait}`, undefined, waitSeconds + 5);
  await provoke();
  const events = JSON.parse((await waiting).body) as Record<string, unknown>[];
  const { agent = '', dataSource = '', metric = '' } = (events[0] ?? {}) as Record<string, string>;
  const largest = await curl('GET', `${base}/metric/${agent}/${dataSource}.${metric}/json`);
  const removed = [
    await curl('DELETE', `${base}/threshold/${threshold}/json`),
    await curl('DELETE', `${base}/flow/${flow}/json`),
  ];
  return { put, events, largest, removed };
}
