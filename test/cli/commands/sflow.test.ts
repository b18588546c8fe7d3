import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../../../src/lib/index.ts';
import { recordingFile } from '../../observers/sflow/recordings.ts';
import { squall } from '../squall.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'squall-sflow-test-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('squall sflow decode', () => {
  it('prints one JSON object a datagram, and to standard error what was lost', async () => {
    const { code, stdout, stderr } = await squall('sflow', 'decode', recordingFile('ovs-exact-s1', 'pcap'), '-o', 'jsonl');
    const datagrams = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { samples: { kind: string }[] });
    expect(code).toBe(0);
    expect(datagrams).toHaveLength(19);
    expect(datagrams.flatMap(({ samples }) => samples).filter(({ kind }) => kind === 'flow')).toHaveLength(100);
    expect(stderr).toMatch(
      /^127\.0\.0\.1 sub-agent 0: \d+ samples in 19 datagrams, 0 datagrams lost, 0 samples dropped by the agent\n$/,
    );
  });

  it('reads standard input, and prints an error for what is no sFlow, with exit code 0', async () => {
    const [file, program] = [join(folder, 'broken.bin'), join(import.meta.dirname, '../../../src/cli/main.ts')];
    writeFileSync(file, Buffer.from('00000008 00000004 00000001'.replaceAll(' ', ''), 'hex'));
    const command = `exec "$0" --no-warnings "$1" sflow decode - < "$2"`;
    const { code, stdout, stderr } = await runProgram('sh', ['-c', command, process.execPath, program, file]);
    expect(JSON.parse(stdout)).toMatchObject({ reason: 'UnsupportedVersion' });
    expect([code, stderr]).toEqual([0, '1 datagrams are no sFlow version 5\n']);
  });

  it.each([
    ['that is not there', 'missing.pcap', undefined, /missing\.pcap cannot be read: ENOENT/],
    ['that is no recording', 'notes.txt', 'what we have measured', /notes\.txt is no recording of datagrams: expected pcap/],
  ])('exits with 2 for a file %s', async (_, name, content, message) => {
    const file = join(folder, name);
    if (content !== undefined) writeFileSync(file, content);
    const { code, stdout, stderr } = await squall('sflow', 'decode', file);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  it.each([
    ['--port', '0', /expected a port from 1 to 65535/],
    ['-o', 'yaml', /Allowed choices are jsonl/],
  ])('exits with 2 for %s %s', async (option, value, message) => {
    const { code, stderr } = await squall('sflow', 'decode', option, value, recordingFile('ovs-exact-s1', 'bin'));
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('says in docs/sflow.md what every field is', () => {
    const page = readFileSync('docs/sflow.md', 'utf8');
    const fields =
      'agent subAgent sequence uptimeMs samples kind source rate pool drops input output frameLength stripped headerProtocol macSource macDestination ethernetType vlans mplsLabels ipVersion ipSource ipDestination ipLength ipProtocol ipTos ttl fragmentOffset sourcePort destinationPort tcpFlags icmpType icmpCode truncated tunnel extended counters discardReason discardReasonName skippedSamples skippedRecords error reason';
    for (const field of fields.split(' ')) expect(page).toContain(`\`${field}\``);
  });
});
