/** Counter records of interfaces and switches. Names are those that sflowtool prints, in camel case; sources: sFlow version 5, RFC 2863, 3635. */
import { all, type RecordDecoder, recordOf } from './record-decoder.ts';

export const interfaceCounters: Record<number, RecordDecoder> = {
  1: recordOf('interface', [
    ...all('number', 'ifIndex', 'networkType'),
    ['ifSpeed', 'counter64'],
    ...all('number', 'ifDirection', 'ifStatus'),
    ['ifInOctets', 'counter64'],
    ...all('counter32', 'ifInUcastPkts', 'ifInMulticastPkts', 'ifInBroadcastPkts'),
    ...all('counter32', 'ifInDiscards', 'ifInErrors', 'ifInUnknownProtos'),
    ['ifOutOctets', 'counter64'],
    ...all('counter32', 'ifOutUcastPkts', 'ifOutMulticastPkts', 'ifOutBroadcastPkts'),
    ...all('counter32', 'ifOutDiscards', 'ifOutErrors', 'ifPromiscuousMode'),
  ]),
  2: recordOf(
    'ethernet',
    all(
      'counter32',
      'dot3StatsAlignmentErrors',
      'dot3StatsFCSErrors',
      'dot3StatsSingleCollisionFrames',
      'dot3StatsMultipleCollisionFrames',
      'dot3StatsSQETestErrors',
      'dot3StatsDeferredTransmissions',
      'dot3StatsLateCollisions',
      'dot3StatsExcessiveCollisions',
      'dot3StatsInternalMacTransmitErrors',
      'dot3StatsCarrierSenseErrors',
      'dot3StatsFrameTooLongs',
      'dot3StatsInternalMacReceiveErrors',
      'dot3StatsSymbolErrors',
    ),
  ),
  5: recordOf('vlan', [
    ['inVlan', 'number'],
    ['octets', 'counter64'],
    ...all('counter32', 'ucastPkts', 'multicastPkts', 'broadcastPkts', 'discards'),
  ]),
  1001: recordOf('processor', [
    ...all('percent', 'cpu5s', 'cpu1m', 'cpu5m'),
    ...all('counter64', 'totalMemoryBytes', 'freeMemoryBytes'),
  ]),
  1004: recordOf('openflowPort', [
    ['openflowDatapathId', 'hex64'],
    ['openflowPort', 'number'],
  ]),
  1005: recordOf('portName', [['ifName', 'text']]),
  2207: recordOf(
    'ovsDatapath',
    all('counter32', 'ovsDpHits', 'ovsDpMisses', 'ovsDpLost', 'ovsDpMaskHits', 'ovsDpFlows', 'ovsDpMasks'),
  ),
};
