import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalRecord } from '../../src/api/index.ts';
import { command } from '../kernel/namespaces.ts';
import { createSquall } from '../kernel/squall.ts';

/** Shorter than the fault's 200 ms, longer than any round trip of a clean network in the guest. */
const delayedMs = 100;

describe('a run whose every process is killed', () => {
  const squall = createSquall();
  after(squall.dispose);

  it('leaves traffic clean within lease + 1 s by the kernel alone, and the next start reports it Aborted with residue 0', async () => {
    const run = squall.start('leased');
    const records = await squall.untilPhase('is-cut-off', 'during');
    const server = await namespaceOf(records);
    const watcher = startWatcher(server.namespace, server.peer);
    await sleep(1500);
    const killedAt = Date.now();
    for (const pid of processesOf(squall.stateFolder)) process.kill(pid, 'SIGKILL');
    await run.outcome;
    await sleep(6000);
    const replies = await watcher.stop();
    const delayed = replies.filter(({ rttMs }) => rttMs > delayedMs);
    const lastDelayed = Math.max(...delayed.map(({ sentAt }) => sentAt));
    assert.ok(
      delayed.some(({ sentAt }) => sentAt < killedAt),
      'the fault was never seen',
    );
    assert.ok(lastDelayed - killedAt <= 4000, `the last delayed packet left ${lastDelayed - killedAt} ms after the kill`);
    assert.ok(replies.filter(({ sentAt }) => sentAt > killedAt + 4000).length > 10, 'traffic did not go on');
    assert.match(await inNamespace(server.namespace, ['tc', 'qdisc', 'show']), /fa17:/, 'the tree is inert, but there');

    const next = await squall.run('refused');
    assert.match(next.stderr, /an earlier run was cut off: test\/is-cut-off: Aborted \(Restarted\), residue 0/);
    assert.equal(next.code, 3, next.stderr);
    assert.deepEqual(readdirSync(join(squall.stateFolder, 'ledger')), []);
  });
});

/** Every process that was started for this state folder, but not the pods': they are what is watched. */
function processesOf(stateFolder: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => read(`/proc/${pid}/cmdline`).includes(stateFolder)).map(Number);
}

async function namespaceOf(records: readonly JournalRecord[]): Promise<{ namespace: string; peer: string }> {
  const targets = records.flatMap((record) => (record.type === 'targets' ? record.targets : []));
  const namespace = `squall-${targets[0]?.uid ?? ''}`;
  const stream = records.find((record) => record.type === 'samples')?.stream ?? '';
  assert.notEqual(stream, '', 'no sample was recorded before the fault');
  const gateway = await inNamespace(namespace, ['ip', '-4', 'route', 'show', 'default']);
  const own = /\((\d+\.\d+\.\d+\.\d+)\)/.exec(stream)?.[1] ?? '';
  assert.match(gateway, /default via/);
  return { namespace, peer: await anotherPod(own) };
}

/** The address of the pod that probes: the watcher pings it from the target. */
async function anotherPod(target: string): Promise<string> {
  for (const name of readdirSync('/run/netns').filter((entry) => /^squall-[0-9a-f-]{36}$/.test(entry))) {
    const addresses = await inNamespace(name, ['ip', '-4', '-brief', 'address', 'show', 'dev', 'eth0']);
    const address = /(\d+\.\d+\.\d+\.\d+)\/32/.exec(addresses)?.[1];
    if (address !== undefined && address !== target) return address;
  }
  throw new Error('there is no other pod');
}

async function inNamespace(namespace: string, args: readonly string[]): Promise<string> {
  return await command('nsenter', [`--net=/run/netns/${namespace}`, '--', ...args]);
}

type Reply = { sentAt: number; rttMs: number };

/** Pings from a namespace twenty times a second, with nothing of ours in the way. */
function startWatcher(namespace: string, address: string): { stop: () => Promise<Reply[]> } {
  const args = [`--net=/run/netns/${namespace}`, '--', 'ping', '-D', '-n', '-i', '0.05', address];
  const child = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  return {
    async stop() {
      child.kill('SIGINT');
      await ended;
      return [...output.matchAll(/^\[([\d.]+)\] .* time=([\d.]+) ms/gm)].map(([, at, rtt]) => ({
        sentAt: Number(at) * 1000 - Number(rtt),
        rttMs: Number(rtt),
      }));
    },
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
