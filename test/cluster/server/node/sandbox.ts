/** What a container runtime makes of a pod: a network namespace on the node's bridge, and processes in the pod's cgroup. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { runProgram } from '../../../../src/lib/index.ts';
import type { Sandbox } from './words.ts';

const bridge = 'cni0';

async function run(command: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(command, args);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr.trim()}`);
  return stdout;
}

export async function startBridge(): Promise<void> {
  await run('ip', 'link', 'add', bridge, 'type', 'bridge');
  await run('ip', 'addr', 'add', '10.66.0.1/24', 'dev', bridge);
  await run('ip', 'link', 'set', bridge, 'up');
}

/** As with systemd's cgroup driver and containerd. The pause process makes the namespace, one more process lives in it. */
export async function startSandbox(podUid: string, number: number) {
  const pause = await startIn(podUid, 'pause', ['unshare', '--net', 'sleep', 'infinity']);
  const pid = String(pause.pid);
  const outside = `veth${String(number)}`;
  const address = `10.66.0.${String(number + 1)}`;
  const namespace = `/proc/${pid}/ns/net`;
  while (readlinkSync(namespace) === readlinkSync('/proc/self/ns/net')) await sleep(20);
  await run('ip', 'link', 'add', outside, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pid);
  await run('ip', 'link', 'set', outside, 'master', bridge, 'up');
  for (const args of [
    ['addr', 'add', `${address}/24`, 'dev', 'eth0'],
    ['link', 'set', 'eth0', 'up'],
    ['link', 'set', 'lo', 'up'],
  ]) {
    await run('nsenter', `--net=${namespace}`, '--', 'ip', ...args);
  }
  const main = await startIn(podUid, 'main', ['nsenter', `--net=${namespace}`, '--', 'sleep', 'infinity']);
  const injections = countInjections(namespace);
  return {
    address,
    state: async (): Promise<Omit<Sandbox, 'pod' | 'at'>> => {
      const qdiscs = JSON.parse(await run('nsenter', `--net=${namespace}`, '--', 'tc', '-j', 'qdisc', 'show')) as {
        kind: string;
      }[];
      const tables = await run('nsenter', `--net=${namespace}`, '--', 'nft', 'list', 'tables');
      return {
        qdiscs: qdiscs.map(({ kind }) => kind),
        tables: tables.split('\n').filter(Boolean),
        injections: injections.count(),
      };
    },
    end: (): void => {
      injections.end();
      for (const process of [main, pause]) process.kill('SIGKILL');
    },
  };
}

/** Told by the kernel: looking from time to time would miss a netem that is taken out and put in again. */
function countInjections(namespace: string): { count: () => number; end: () => void } {
  const monitor = spawn('nsenter', [`--net=${namespace}`, '--', 'tc', 'monitor'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let count = 0;
  createInterface({ input: monitor.stdout }).on('line', (line) => {
    count += /^(?!deleted ).*\bqdisc netem /.test(line) ? 1 : 0;
  });
  return { count: () => count, end: () => monitor.kill('SIGKILL') };
}

async function startIn(podUid: string, container: string, [program = '', ...args]: string[]): Promise<ChildProcess> {
  const slice = `kubepods-besteffort-pod${podUid.replaceAll('-', '_')}.slice`;
  const id = createHash('sha256').update(`${podUid} ${container}`).digest('hex');
  const folder = join('/sys/fs/cgroup/kubepods.slice/kubepods-besteffort.slice', slice, `cri-containerd-${id}.scope`);
  mkdirSync(folder, { recursive: true });
  const child = spawn('sh', ['-c', 'read -r go && exec "$@"', 'sh', program, ...args], { stdio: ['pipe', 'ignore', 'inherit'] });
  writeFileSync(join(folder, 'cgroup.procs'), String(child.pid));
  child.stdin.end('go\n');
  await sleep(50);
  return child;
}
