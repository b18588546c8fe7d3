/** Counter records of hosts and of what runs on them. Names are those that sflowtool prints, in camel case; source: sflow.org/sflow_host.txt. */
import { type Cursor, readField, readList, readWord } from './fields.ts';
import { all, type DecodedRecord, type RecordDecoder, recordOf } from './record-decoder.ts';

const networkFields = (prefix: string) =>
  ['In', 'Out'].flatMap((way) => [
    [`${prefix}Bytes${way}`, 'counter64'] as const,
    ...all('counter32', `${prefix}Pkts${way}`, `${prefix}Errs${way}`, `${prefix}Drops${way}`),
  ]);

export const hostCounters: Record<number, RecordDecoder> = {
  2000: recordOf('host', [
    ['hostname', 'text'],
    ['uuid', 'uuid'],
    ...all('number', 'machineType', 'osName'),
    ['osRelease', 'text'],
  ]),
  2001: { name: 'adapters', read: readAdapters },
  2002: recordOf('parent', all('number', 'parentDsClass', 'parentDsIndex')),
  2003: recordOf('cpu', [
    ...all('float', 'cpuLoadOne', 'cpuLoadFive', 'cpuLoadFifteen'),
    ...all('counter32', 'cpuProcRun', 'cpuProcTotal', 'cpuNum', 'cpuSpeed', 'cpuUptime'),
    ...all('counter32', 'cpuUser', 'cpuNice', 'cpuSystem', 'cpuIdle', 'cpuWio', 'cpuIntr', 'cpuSintr'),
    ...all('counter32', 'cpuInterrupts', 'cpuContexts', 'cpuSteal', 'cpuGuest', 'cpuGuestNice'),
  ]),
  2004: recordOf('memory', [
    ...all('counter64', 'memTotal', 'memFree', 'memShared', 'memBuffers', 'memCached', 'swapTotal', 'swapFree'),
    ...all('counter32', 'pageIn', 'pageOut', 'swapIn', 'swapOut'),
  ]),
  2005: recordOf('disk', [
    ...all('counter64', 'diskTotal', 'diskFree'),
    ['diskPartitionMaxUsed', 'percent'],
    ['diskReads', 'counter32'],
    ['diskBytesRead', 'counter64'],
    ...all('counter32', 'diskReadTime', 'diskWrites'),
    ['diskBytesWritten', 'counter64'],
    ['diskWriteTime', 'counter32'],
  ]),
  2006: recordOf('network', networkFields('nio')),
  2007: recordOf('ip', [
    ...all('counter32', 'ipForwarding', 'ipDefaultTTL', 'ipInReceives', 'ipInHdrErrors', 'ipInAddrErrors'),
    ...all('counter32', 'ipForwDatagrams', 'ipInUnknownProtos', 'ipInDiscards', 'ipInDelivers', 'ipOutRequests'),
    ...all('counter32', 'ipOutDiscards', 'ipOutNoRoutes', 'ipReasmTimeout', 'ipReasmReqds', 'ipReasmOKs'),
    ...all('counter32', 'ipReasmFails', 'ipFragOKs', 'ipFragFails', 'ipFragCreates'),
  ]),
  2008: recordOf('icmp', [
    ...all('counter32', 'icmpInMsgs', 'icmpInErrors', 'icmpInDestUnreachs', 'icmpInTimeExcds', 'icmpInParamProbs'),
    ...all('counter32', 'icmpInSrcQuenchs', 'icmpInRedirects', 'icmpInEchos', 'icmpInEchoReps', 'icmpInTimestamps'),
    ...all('counter32', 'icmpInAddrMasks', 'icmpInAddrMaskReps', 'icmpOutMsgs', 'icmpOutErrors'),
    ...all('counter32', 'icmpOutDestUnreachs', 'icmpOutTimeExcds', 'icmpOutParamProbs', 'icmpOutSrcQuenchs'),
    ...all('counter32', 'icmpOutRedirects', 'icmpOutEchos', 'icmpOutEchoReps', 'icmpOutTimestamps'),
    ...all('counter32', 'icmpOutTimestampReps', 'icmpOutAddrMasks', 'icmpOutAddrMaskReps'),
  ]),
  2009: recordOf('tcp', [
    ...all('counter32', 'tcpRtoAlgorithm', 'tcpRtoMin', 'tcpRtoMax', 'tcpMaxConn', 'tcpActiveOpens', 'tcpPassiveOpens'),
    ...all('counter32', 'tcpAttemptFails', 'tcpEstabResets', 'tcpCurrEstab', 'tcpInSegs', 'tcpOutSegs'),
    ...all('counter32', 'tcpRetransSegs', 'tcpInErrs', 'tcpOutRsts', 'tcpInCsumErrors'),
  ]),
  2010: recordOf('udp', [
    ...all('counter32', 'udpInDatagrams', 'udpNoPorts', 'udpInErrors', 'udpOutDatagrams'),
    ...all('counter32', 'udpRcvbufErrors', 'udpSndbufErrors', 'udpInCsumErrors'),
  ]),
  2100: recordOf('virtualNode', [
    ...all('counter32', 'vnodeMhz', 'vnodeCpus'),
    ...all('counter64', 'vnodeMemory', 'vnodeMemoryFree'),
    ['vnodeNumDomains', 'counter32'],
  ]),
  2101: recordOf('virtualCpu', all('counter32', 'vcpuState', 'vcpuCpuMs', 'vcpuCpuCount')),
  2102: recordOf('virtualMemory', all('counter64', 'vmemMemory', 'vmemMaxMemory')),
  2103: recordOf('virtualDisk', [
    ...all('counter64', 'vdskCapacity', 'vdskAllocation', 'vdskAvailable'),
    ['vdskRdReq', 'counter32'],
    ['vdskRdBytes', 'counter64'],
    ['vdskWrReq', 'counter32'],
    ['vdskWrBytes', 'counter64'],
    ['vdskErrs', 'counter32'],
  ]),
  2104: recordOf('virtualNetwork', networkFields('vnio')),
  2203: recordOf('application', [
    ...all('counter32', 'userTime', 'systemTime'),
    ...all('counter64', 'memoryUsed', 'memoryMax'),
    ...all('counter32', 'filesOpen', 'filesMax', 'connectionsOpen', 'connectionsMax'),
  ]),
};

function readAdapters(cursor: Cursor): DecodedRecord {
  const adapters = readList(cursor, () => {
    const ifIndex = readWord(cursor);
    const macs = readList(cursor, () => readField(cursor, 'mac'));
    return ifIndex === undefined || macs === undefined ? undefined : { ifIndex, macs };
  });
  return adapters === undefined ? {} : { adapters };
}
