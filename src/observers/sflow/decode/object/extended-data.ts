/** Flow records that say more of a sampled packet. Names are those that sflowtool prints, in camel case; sources: sflow.org's structures. */
import { type Cursor, readField, readList, readNumbers, readWord } from './fields.ts';
import { all, type DecodedRecord, type RecordDecoder, recordOf } from './record-decoder.ts';

const socketFields = (family: 'ipv4' | 'ipv6') => [
  ['protocol', 'number'] as const,
  ...all(family, 'localIp', 'remoteIp'),
  ...all('number', 'localPort', 'remotePort'),
];
const ethernetFields = [
  ['length', 'number'] as const,
  ...all('mac', 'macSource', 'macDestination'),
  ['ethernetType', 'number'] as const,
];
const ipFields = (family: 'ipv4' | 'ipv6') => [
  ...all('number', 'length', 'ipProtocol'),
  ...all(family, 'ipSource', 'ipDestination'),
  ...all('number', 'sourcePort', 'destinationPort', 'tcpFlags', 'ipTos'),
];

export const extendedData: Record<number, RecordDecoder> = {
  1001: recordOf('switch', all('number', 'inVlan', 'inPriority', 'outVlan', 'outPriority')),
  1002: recordOf('router', [['nextHop', 'address'], ...all('number', 'srcSubnetMask', 'dstSubnetMask')]),
  1003: { name: 'gateway', read: readGateway },
  1004: recordOf('user', [
    ['srcCharset', 'number'],
    ['srcUser', 'text'],
    ['dstCharset', 'number'],
    ['dstUser', 'text'],
  ]),
  1005: recordOf('url', [['direction', 'number'], ...all('text', 'url', 'host')]),
  1006: recordOf('mpls', [['nextHop', 'address'], ...all('numbers', 'inStack', 'outStack')]),
  1007: recordOf('nat', all('address', 'natSrc', 'natDst')),
  1012: recordOf('vlanTunnel', [['vlans', 'numbers']]),
  1020: recordOf('natPort', all('number', 'natSrcPort', 'natDstPort')),
  1021: recordOf('l2TunnelEgress', ethernetFields),
  1022: recordOf('l2TunnelIngress', ethernetFields),
  1023: recordOf('ipv4TunnelEgress', ipFields('ipv4')),
  1024: recordOf('ipv4TunnelIngress', ipFields('ipv4')),
  1025: recordOf('ipv6TunnelEgress', ipFields('ipv6')),
  1026: recordOf('ipv6TunnelIngress', ipFields('ipv6')),
  1027: recordOf('decapsulateEgress', [['innerHeaderOffset', 'number']]),
  1028: recordOf('decapsulateIngress', [['innerHeaderOffset', 'number']]),
  1029: recordOf('vniEgress', [['vni', 'number']]),
  1030: recordOf('vniIngress', [['vni', 'number']]),
  1036: recordOf('egressQueue', [['queue', 'number']]),
  1037: recordOf('acl', [
    ['number', 'number'],
    ['name', 'text'],
    ['direction', 'number'],
  ]),
  1038: recordOf('function', [['symbol', 'text']]),
  1039: recordOf('transitDelay', [['delayNs', 'number']]),
  1040: recordOf('queueDepth', [['depthBytes', 'number']]),
  1041: recordOf('hardwareTrap', all('text', 'group', 'trap')),
  1042: recordOf('linuxDropReason', [['reason', 'text']]),
  1043: recordOf('timestamp', [['timestampNs', 'decimal64']]),
  2100: recordOf('socketIpv4', socketFields('ipv4')),
  2101: recordOf('socketIpv6', socketFields('ipv6')),
  2209: { name: 'tcpInfo', read: readTcpInfo },
  2210: recordOf('entities', all('number', 'srcDsClass', 'srcDsIndex', 'dstDsClass', 'dstDsIndex')),
};

const tcpInfoFields = [
  ...all('number', 'direction', 'sendMss', 'receiveMss', 'unackedPkts', 'lostPkts', 'retransPkts', 'pathMtu'),
  ...all('number', 'rttUs', 'rttUsVar', 'sendCongestionWin', 'reordering', 'rttUsMin'),
];
const tcpInfo = recordOf('tcpInfo', tcpInfoFields);
const directions = ['unknown', 'received', 'sent'];

/** Round-trip times in microseconds, of the sender's own connection (sflow.org/sflow_tcp.txt). */
function readTcpInfo(cursor: Cursor): DecodedRecord {
  const { direction, ...rest } = tcpInfo.read(cursor);
  if (direction === undefined) return {};
  return { direction: directions[Number(direction)] ?? direction, ...rest };
}

const segmentTypes = ['', 'set', 'sequence'];

function readGateway(cursor: Cursor): DecodedRecord {
  const gateway: DecodedRecord = {};
  const set = (name: string, value: DecodedRecord[string] | undefined): void => {
    if (value !== undefined) gateway[name] = value;
  };
  set('nextHop', readField(cursor, 'address'));
  set('as', readWord(cursor));
  set('srcAs', readWord(cursor));
  set('srcPeerAs', readWord(cursor));
  set(
    'asPath',
    readList(cursor, () => {
      const type = readWord(cursor);
      const numbers = readNumbers(cursor);
      return type === undefined || numbers === undefined ? undefined : { type: segmentTypes[type] ?? type, as: numbers };
    }),
  );
  set('communities', readNumbers(cursor));
  set('localPref', readWord(cursor));
  return gateway;
}
