/** Says in our words what sflowtool has printed of a datagram, by rules of its own: nothing of the decoder is used. */
import type { SflowtoolDatagram, SflowtoolElement, SflowtoolSample } from './recordings.ts';

type Json = Record<string, unknown>;

/** Our names for records, by sflowtool's tag. */
const recordNames: Record<string, string> = {
  '0:1': 'interface',
  '0:2': 'ethernet',
  '0:1001': 'switch',
  '0:1004': 'openflowPort',
  '0:1005': 'portName',
  '0:1043': 'timestamp',
  '0:2000': 'host',
  '0:2001': 'adapters',
  '0:2003': 'cpu',
  '0:2004': 'memory',
  '0:2005': 'disk',
  '0:2006': 'network',
  '0:2007': 'ip',
  '0:2008': 'icmp',
  '0:2009': 'tcp',
  '0:2010': 'udp',
  '0:2203': 'application',
  '0:2207': 'ovsDatapath',
  '0:2209': 'tcpInfo',
};

/** Where our name is not sflowtool's in camel case. */
const renamed: Record<string, string> = {
  cpuintr: 'cpuIntr',
  cpuinterrupts: 'cpuInterrupts',
  UUID: 'uuid',
};
const texts = ['UUID', 'hostname', 'ifName', 'openflow_datapath_id', 'os_release', 'tcpinfo_direction', 'timestamp_nS'];

const sampleFields: Record<string, string> = {
  sampleSequenceNo: 'sequence',
  meanSkipCount: 'rate',
  samplePool: 'pool',
  dropEvents: 'drops',
  inputPort: 'input',
  outputPort: 'output',
};
const headerFields: Record<string, string> = {
  sampledPacketSize: 'frameLength',
  strippedBytes: 'stripped',
  headerProtocol: 'headerProtocol',
  ethernet_type: 'ethernetType',
  'ip.tot_len': 'ipLength',
  IPProtocol: 'ipProtocol',
  IPTOS: 'ipTos',
  IPTTL: 'ttl',
  IPFragmentOffset: 'fragmentOffset',
  TCPSrcPort: 'sourcePort',
  TCPDstPort: 'destinationPort',
  TCPFlags: 'tcpFlags',
  UDPSrcPort: 'sourcePort',
  UDPDstPort: 'destinationPort',
  ICMPType: 'icmpType',
  ICMPCode: 'icmpCode',
};
/** Not part of our JSON: bytes, what other fields say, and what the exporter's host was. */
const leftOut = ['flowBlock_tag', 'flowSampleType', 'headerLen', 'headerBytes', 'IPSize', 'IPID', 'UDPBytes'];

export const fromSflowtool = (datagram: SflowtoolDatagram): Json => ({
  agent: canonicalAddress(datagram.agent ?? ''),
  subAgent: Number(datagram.agentSubId),
  sequence: Number(datagram.packetSequenceNo),
  uptimeMs: Number(datagram.sysUpTime),
  samples: datagram.samples.map(sampleOf),
});

function sampleOf(sample: SflowtoolSample): Json {
  const kind = sample.sampleType === 'FLOWSAMPLE' ? 'flow' : 'counters';
  const json: Json = { kind, source: sample.sourceId };
  for (const [theirs, ours] of Object.entries(sampleFields)) {
    if (sample[theirs] !== undefined) json[ours] = Number(sample[theirs]);
  }
  if (kind === 'counters') return { ...json, counters: recordsOf(sample.elements) };
  const header = sample.elements.find((element) => element.flowBlock_tag === '0:1');
  const others = sample.elements.filter((element) => element !== header);
  return { ...json, ...(header && headerOf(header)), ...(others.length > 0 && { extended: recordsOf(others) }) };
}

function headerOf({ srcMAC = '', dstMAC = '', srcIP, dstIP, ...rest }: SflowtoolElement): Json {
  const json: Json = { macSource: colons(srcMAC), macDestination: colons(dstMAC) };
  if (srcIP !== undefined) Object.assign(json, { ipVersion: 4, ipSource: srcIP, ipDestination: dstIP });
  for (const [name, value] of Object.entries(rest)) {
    if (leftOut.includes(name)) continue;
    const ours = headerFields[name];
    if (ours === undefined) throw new Error(`no rule for sflowtool's ${name}`);
    json[ours] = Number(value);
  }
  return json;
}

const recordsOf = (elements: readonly SflowtoolElement[]): Json =>
  Object.fromEntries(
    elements.map((element) => [
      recordNames[element.flowBlock_tag ?? element.counterBlock_tag ?? ''] ?? 'a record without a name of ours',
      recordOf(element),
    ]),
  );

function recordOf({ adaptor_list, ...element }: SflowtoolElement): Json {
  const json: Json = {};
  if (adaptor_list !== undefined) {
    json.adapters = adaptor_list.map(({ ifIndex, mac_list }) => ({
      ifIndex: Number(ifIndex),
      macs: mac_list.map((mac) => colons(mac.trim())),
    }));
  }
  for (const [name, value] of Object.entries(element)) {
    if (/^(flowBlock_tag|counterBlock_tag|extendedType)$/.test(name)) continue;
    if (texts.includes(name)) json[ourName(name)] = value;
    // All ones is what the sender does not know.
    else if (value !== '4294967295') json[ourName(name)] = Number(value);
  }
  return json;
}

function ourName(name: string): string {
  const words = name.replace(/^tcpinfo_/, '').split('_');
  return renamed[name] ?? words.map((word, index) => (index === 0 ? lowerWord(word) : capital(word))).join('');
}

const lowerWord = (word: string): string => (/^[A-Z]+$/.test(word) ? word.toLowerCase() : word);
/** uS and nS are units. */
const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1).replace(/^S$/, 's');

const colons = (mac: string): string => mac.replace(/(..)(?=.)/g, '$1:');

const canonicalAddress = (address: string): string =>
  address.includes(':') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
