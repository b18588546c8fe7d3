/** Watches packets on the wire from outside Squall: a ping that runs on through all kills, with the kernel's own times of arrival. */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

export type Reply = { sentAt: number; rttMs: number };

export type Watcher = {
  /** Replies to packets that left in this span, in milliseconds since 1970. */
  between(from: number, to: number): Reply[];
  /** When packets left that were not answered, of those that left in this span. */
  lostBetween(from: number, to: number): number[];
  stop(): Promise<void>;
};

const periodMs = 50;
/** More than a round's worth at twenty packets a second. */
const packetsKept = 6000;

/** Pings from a network namespace twenty times a second. */
export function startWatcher(namespace: string, address: string): Watcher {
  const interval = String(periodMs / 1000);
  const args = [`--net=/run/netns/${namespace}`, '--', 'ping', '-D', '-O', '-n', '-i', interval, address];
  const child = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const replies: Reply[] = [];
  const unanswered: { sequence: string; sentAt: number }[] = [];
  const read = (line: string): void => {
    const [, stamp, sequence = '', rtt] = /^\[([\d.]+)\] .*icmp_seq=(\d+)(?:.* time=([\d.]+) ms)?/.exec(line) ?? [];
    if (stamp === undefined) return;
    const at = Number(stamp) * 1000;
    // It says so when it sends the next; a reply may still come.
    if (rtt === undefined) unanswered.push({ sequence, sentAt: at - periodMs });
    else {
      replies.push({ sentAt: at - Number(rtt), rttMs: Number(rtt) });
      const late = unanswered.findLastIndex((packet) => packet.sequence === sequence);
      if (late !== -1) unanswered.splice(late, 1);
    }
    for (const list of [replies, unanswered]) if (list.length > packetsKept) list.splice(0, list.length - packetsKept);
  };
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(read);
  });
  const isIn = (from: number, to: number) => (packet: { sentAt: number }) => packet.sentAt >= from && packet.sentAt <= to;
  return {
    between: (from, to) => replies.filter(isIn(from, to)),
    lostBetween: (from, to) => unanswered.filter(isIn(from, to)).map(({ sentAt }) => sentAt),
    async stop() {
      child.kill('SIGKILL');
      await Promise.race([ended, sleep(1000)]);
    },
  };
}
