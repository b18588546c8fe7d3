/**
 * A name server of a test: run in a namespace by nsenter, it answers A and AAAA from what standard input last said, a JSON line of names and
 * their addresses, with a time to live of 5 s. It prints a line for each question, and ends with its standard input.
 */
import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import { createInterface } from 'node:readline';

type Zone = Record<string, string[]>;
const types = { 1: 4, 28: 6 } as const;
const ttlSeconds = 5;
let zone: Zone = {};

function nameIn(message: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message.readUInt8(at); length > 0; length = message.readUInt8(at)) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  // The root, the type and the class.
  return { name: labels.join('.').toLowerCase(), end: at + 5 };
}

function bytesOf(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail = ''] = address.split('::').map((part) => part);
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const zeros = Array.from({ length: 8 - groups(head).length - groups(tail).length }, () => '0');
  return Buffer.from([...groups(head), ...zeros, ...groups(tail)].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function answerTo(message: Buffer): Buffer {
  const { name, end } = nameIn(message);
  const type = message.readUInt16BE(end - 4);
  const known = zone[name];
  const found = (known ?? []).filter((address) => isIP(address) === types[type as keyof typeof types]).map(bytesOf);
  const header = Buffer.alloc(12);
  message.copy(header, 0, 0, 2);
  header.writeUInt16BE(known === undefined ? 0x8583 : 0x8580, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(found.length, 6);
  const records = found.map((data) => {
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc00c, 0);
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(ttlSeconds, 6);
    record.writeUInt16BE(data.length, 10);
    return Buffer.concat([record, data]);
  });
  return Buffer.concat([header, message.subarray(12, end), ...records]);
}

const [address = ''] = process.argv.slice(2);
const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
socket.on('message', (message, from) => {
  process.stdout.write(`asked ${nameIn(message).name} by ${from.address}\n`);
  socket.send(answerTo(message), from.port, from.address);
});
socket.bind(53, address);
const input = createInterface({ input: process.stdin });
input.on('line', (line) => {
  zone = JSON.parse(line) as Zone;
  process.stdout.write('zone\n');
});
input.on('close', () => process.exit(0));
