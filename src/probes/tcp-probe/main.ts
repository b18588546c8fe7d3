/**
 * The TCP prober: a program of its own that runs inside a target's network namespace. It reads one JSON line (TcpProbeRequest) from
 * standard input, prints one JSON line (TcpProbeLine) for each settled probe, and ends when standard input does, so it never
 * outlives the agent. It stands alone: no packages, so that it starts fast and stays small.
 */
import { createInterface } from 'node:readline';
import { attemptConnection, createPortRing } from './connect.ts';
import type { TcpProbeLine, TcpProbeRequest, TcpStream } from './protocol.ts';

const nextPort = createPortRing(process.pid);
let running = 0;

function print(line: TcpProbeLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Probes at fixed instants from the start; instants that a stalled process has missed are left out, not made up for in a burst. */
function run(stream: TcpStream): void {
  const start = performance.now();
  let slot = 0;
  let number = 0;
  let open = 0;
  const probe = () => {
    const mine = number;
    number += 1;
    open += 1;
    const done = stream.count !== undefined && number >= stream.count;
    void attemptConnection(stream, nextPort).then((attempt) => {
      open -= 1;
      print({ stream: stream.id, number: mine, ...attempt });
      if (done && open === 0) finishOne();
    });
    if (done) return;
    slot = Math.max(slot + 1, Math.floor((performance.now() - start) / stream.periodMs));
    setTimeout(probe, start + slot * stream.periodMs - performance.now());
  };
  probe();
}

function finishOne(): void {
  running -= 1;
  if (running === 0) process.exit(0);
}

process.stdout.on('error', () => process.exit(0));
const input = createInterface({ input: process.stdin });
input.once('line', (line) => {
  const { streams } = JSON.parse(line) as TcpProbeRequest;
  running = streams.length;
  streams.forEach(run);
});
input.once('close', () => process.exit(0));
