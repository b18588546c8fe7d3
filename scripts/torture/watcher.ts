/** Watches packets on the wire from outside Squall: a ping that runs on through all kills, with the kernel's own times of arrival. */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

export type Reply = { sentAt: number; rttMs: number };

export type Watcher = {
  /** Replies to packets that left in this span, in milliseconds since 1970. */
  between(from: number, to: number): Reply[];
  stop(): Promise<void>;
};

/** More than a round's worth at twenty packets a second. */
const repliesKept = 6000;

/** Pings from a network namespace twenty times a second. */
export function startWatcher(namespace: string, address: string): Watcher {
  const args = [`--net=/run/netns/${namespace}`, '--', 'ping', '-D', '-n', '-i', '0.05', address];
  const child = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const replies: Reply[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, at, rtt] = /^\[([\d.]+)\] .* time=([\d.]+) ms/.exec(line) ?? [];
      if (at !== undefined && rtt !== undefined) replies.push({ sentAt: Number(at) * 1000 - Number(rtt), rttMs: Number(rtt) });
    }
    if (replies.length > repliesKept) replies.splice(0, replies.length - repliesKept);
  });
  return {
    between: (from, to) => replies.filter(({ sentAt }) => sentAt >= from && sentAt <= to),
    async stop() {
      child.kill('SIGKILL');
      await Promise.race([ended, sleep(1000)]);
    },
  };
}
