/** `squall sflow decode`: a recording of sFlow datagrams as JSON. It reads one file, and writes to standard output. */
import { createReadStream } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { messageOf, SquallError } from '../../lib/index.ts';
import { decodeRecording } from '../sflow/decode-recording.ts';

type DecodeOptions = { port?: number };

export function sflowCommand(): Command {
  const decode = new Command('decode')
    .description('print the sFlow datagrams of a recording, one JSON object a line')
    .argument('<file>', 'pcap, pcapng, or repeated a length of 4 bytes and one datagram; - is standard input')
    .addOption(new Option('-o, --output <format>', 'what is printed').choices(['jsonl']).default('jsonl'))
    .option('--port <number>', 'only datagrams to this UDP port, of a pcap; default: to any', readPort)
    .action(async (file: string, options: DecodeOptions) => {
      const { summary } = await decodeRecording(chunksOf(file), { name: file, port: options.port }, writeLine);
      process.stderr.write(summary.map((line) => `${line}\n`).join(''));
    });
  return new Command('sflow').description('look into sFlow datagrams').addCommand(decode);
}

function readPort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new InvalidArgumentError('expected a port from 1 to 65535');
}

async function* chunksOf(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* (file === '-' ? process.stdin : createReadStream(file)) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw new SquallError('InvalidInput', `${file} cannot be read: ${messageOf(error)}; expected a recording of sFlow datagrams`);
  }
}

/** @returns whether anybody still reads; waits for whoever is slow */
const writeLine = async (line: string): Promise<boolean> =>
  await new Promise((resolve) => {
    process.stdout.write(`${line}\n`, (error) => {
      resolve(error === undefined || error === null);
    });
  });
