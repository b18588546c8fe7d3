/** One independent instance under torture: a state folder, a lab that outlives every kill, and `squall serve` on them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { labStatus } from '../../src/lab/index.ts';
import { messageOf, runProgram } from '../../src/lib/index.ts';
import { createStore, type Store, transportFor } from '../../src/store/index.ts';
import { experiments } from '../../src/control/index.ts';
import { childrenOf, commandOf, isAlive, startedAt } from './processes.ts';

const program = resolve('bin/squall.js');
/** An emulated processor that three instances share is slow, and slowness is no failure. */
const startLimitMs = 180_000;

/** A pod as the torture needs it: its network namespace by name, and an IPv4 address. */
export type LabPod = { name: string; networkNamespace: string; address: string };

export type AgentStart = { pid: number; startedAt: number };

export type Instance = {
  stateFolder: string;
  /** What serve prints. */
  log: string;
  store: Store;
  client: LabPod;
  /** Pods to hurt, in order: one whose process was killed is not used again. */
  servers: LabPod[];
  /** Starts `squall serve`, or rejects with what it said; resolves once its server answers. */
  start(): Promise<void>;
  /** The process of serve, and the agent that it has started; each only while it lives. */
  control(): number | undefined;
  agent(): AgentStart | undefined;
  /** Ends serve as an operator would, and gives its exit code. */
  stop(): Promise<number | null>;
  /** Files of undone work: none when every undo was proven. */
  ledger(): string[];
  /** Whether the ledger says that a target has more than one version of its fault now. */
  isChanging(): boolean;
  /** When an agent that was started at or after this instant has said that its sweep was done, and what was left. */
  swept(since: number): { at: number; residue: number } | undefined;
  lastWords(): string;
  dispose(): Promise<void>;
};

export type InstanceOptions = {
  folder: string;
  serverCount: number;
  namespace: string;
  served?: string;
  /** Of serve and its agent, beside this process's own. */
  env?: NodeJS.ProcessEnv;
};

export async function createInstance({ folder, serverCount, namespace, served, env = {} }: InstanceOptions): Promise<Instance> {
  const stateFolder = join(folder, 'state');
  const manifests = served ?? join(folder, 'experiments');
  mkdirSync(manifests, { recursive: true });
  const topology = join(folder, 'lab.yaml');
  writeFileSync(topology, labManifests(serverCount, namespace));
  await squall(['lab', 'up', topology, '--state', stateFolder]);
  const instance = readFileSync(join(stateFolder, 'instance'), 'utf8').trim();
  const pods = ((await labStatus({ stateFolder, instance }))?.pods ?? []).map(({ metadata, status }): LabPod => {
    const address = status?.podIPs.find(({ ip }) => ip.includes('.'))?.ip ?? '';
    return { name: metadata.name, networkNamespace: `squall-${metadata.uid ?? ''}`, address };
  });
  const [client, ...servers] = pods;
  if (client === undefined) throw new Error('the lab has no pods');
  const store = createStore(transportFor({ socket: join(stateFolder, 'api.sock') }));
  const log = join(folder, 'serve.log');
  let child: ChildProcess | undefined;

  const control = () => (child?.pid !== undefined && isAlive(child.pid) ? child.pid : undefined);
  const agent = (): AgentStart | undefined => {
    const pid = childrenOf(control() ?? 0).find((candidate) => commandOf(candidate).some((word) => word.endsWith('/agent.js')));
    const at = pid === undefined ? undefined : startedAt(pid, Date.now());
    return pid === undefined || at === undefined ? undefined : { pid, startedAt: at };
  };

  return {
    stateFolder,
    log,
    store,
    client,
    servers,
    async start() {
      const descriptor = openSync(log, 'a');
      const args = ['serve', manifests, '--state', stateFolder, '--guest', 'never', '--listen', 'none'];
      child = spawn(process.execPath, [program, ...args], {
        stdio: ['ignore', descriptor, descriptor],
        env: { ...process.env, ...env },
      });
      closeSync(descriptor);
      const until = Date.now() + startLimitMs;
      for (;;) {
        if (child.exitCode !== null) throw new Error(`serve ended with ${child.exitCode}: ${tail(log)}`);
        if (await answers(store)) return;
        if (Date.now() > until) throw new Error(`serve did not answer within ${startLimitMs} ms: ${tail(log)}`);
        await sleep(100);
      }
    },
    control,
    agent,
    async stop() {
      if (child?.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
      const ended = new Promise<number | null>((settle) => child?.once('exit', settle));
      child.kill('SIGTERM');
      return await ended;
    },
    ledger: () => filesOf(join(stateFolder, 'ledger')),
    isChanging: () => filesOf(join(stateFolder, 'ledger')).some((file) => worksIn(join(stateFolder, 'ledger', file)) > 1),
    swept: (since) => sweptIn(join(stateFolder, 'agent.log'), since),
    lastWords: () => tail(log),
    async dispose() {
      store.close();
      // The guest machine goes away with all that is in it; a lab that does not is no failure of a round.
      await squall(['lab', 'down', '--state', stateFolder]).catch((error: unknown) => {
        process.stderr.write(`${messageOf(error)}\n`);
      });
    },
  };
}

async function answers(store: Store): Promise<boolean> {
  try {
    await store.list(experiments, { timeoutMs: 5000 });
    return true;
  } catch {
    return false;
  }
}

/** 0 when the entry went, or is being written, while it was looked at. */
function worksIn(file: string): number {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { works?: unknown[] }).works?.length ?? 0;
  } catch {
    return 0;
  }
}

/** Runs the program to its end; rejects when that is not exit code 0. */
export async function squall(args: readonly string[]): Promise<void> {
  const { code, stderr } = await runProgram(process.execPath, [program, ...args], { timeoutMs: 120_000 });
  if (code !== 0) throw new Error(`squall ${args.join(' ')} ended with ${String(code)}: ${stderr}`);
}

/** Pods that need next to no processor. The first one is the client of every run. */
function labManifests(serverCount: number, namespace: string): string {
  const names = ['client', ...Array.from({ length: serverCount }, (_, index) => `server-${index}`)];
  return names
    .map((name) =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace, labels: { app: name.split('-')[0] } },
        spec: { containers: [{ name: 'main', command: ['sleep', '1000000'] }] },
      }),
    )
    .join('\n---\n');
}

function sweptIn(log: string, since: number): { at: number; residue: number } | undefined {
  if (!existsSync(log)) return undefined;
  for (const line of readFileSync(log, 'utf8').slice(-20_000).split('\n')) {
    // The first line may be cut.
    if (!line.startsWith('{') || !line.includes('"swept"')) continue;
    const { time, residue } = JSON.parse(line) as { time: string; residue: number };
    // A hundredth of a second is as exact as the start of a process is known.
    if (Date.parse(time) >= since - 10 && residue === 0) return { at: Date.parse(time), residue };
  }
  return undefined;
}

function filesOf(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function tail(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').slice(-2000) : '';
}
