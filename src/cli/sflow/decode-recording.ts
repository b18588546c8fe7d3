import {
  accountDatagram,
  type Accounts,
  type Captured,
  createDatagramDecoder,
  noAccounts,
  readCapture,
  type SflowDatagram,
} from '../../observers/index.ts';

type Line = SflowDatagram | { error: string; reason: string };

/**
 * Writes one JSON object for each datagram of a recording, until nobody reads any more.
 *
 * @param write resolves to whether it could
 * @returns what was counted of each agent, in words
 * @throws SquallError InvalidInput where the recording has none of the known formats
 */
export async function decodeRecording(
  chunks: AsyncIterable<Uint8Array>,
  options: { name: string; port?: number },
  write: (line: string) => Promise<boolean>,
): Promise<{ summary: string[] }> {
  const decode = createDatagramDecoder();
  let accounts = noAccounts;
  const counts = { others: 0, problems: 0 };
  for await (const captured of readCapture(chunks, options)) {
    if (captured.kind === 'other') {
      counts.others += 1;
      continue;
    }
    const line = lineOf(captured, decode);
    if (captured.kind === 'datagram' && captured.missing === 0) accounts = accountDatagram(accounts, line as SflowDatagram);
    else counts.problems += 1;
    if (!(await write(JSON.stringify(line)))) break;
  }
  return { summary: summaryOf(accounts, counts) };
}

function lineOf(captured: Exclude<Captured, { kind: 'other' }>, decode: (datagram: Uint8Array) => SflowDatagram): Line {
  if (captured.kind === 'problem') return { error: captured.error, reason: captured.reason };
  const { payload, missing } = captured;
  if (missing === 0) return decode(payload);
  const error = `of a datagram of ${payload.length + missing} bytes the recording holds ${payload.length}`;
  return { ...decode(payload), error, reason: 'CutShort' };
}

function summaryOf(
  { agents, undecodable, untracked }: Accounts,
  { others, problems }: { others: number; problems: number },
): string[] {
  const lines = [...agents.values()].map((account) => {
    const { agent, subAgent, datagrams, lost, late, duplicates, restarts, malformed, samples, sampleDrops } = account;
    const counts = [
      `${samples} samples in ${datagrams} datagrams`,
      `${lost} datagrams lost`,
      ...(late > 0 ? [`${late} late`] : []),
      ...(duplicates > 0 ? [`${duplicates} twice`] : []),
      ...(restarts > 0 ? [`${restarts} restarts`] : []),
      ...(malformed > 0 ? [`${malformed} not whole`] : []),
      `${sampleDrops} samples dropped by the agent`,
    ];
    return `${agent} sub-agent ${subAgent}: ${counts.join(', ')}`;
  });
  if (undecodable > 0) lines.push(`${undecodable} datagrams are no sFlow version 5`);
  if (untracked > 0) lines.push(`${untracked} datagrams of further agents are not counted`);
  if (problems > 0) lines.push(`${problems} datagrams or packets could not be read whole`);
  if (others > 0) lines.push(`${others} packets carry no datagram that was asked for`);
  return lines;
}
