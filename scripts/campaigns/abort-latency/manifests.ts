/** The lab, the monitor and the experiment of the campaign. */
import { apiVersion } from '../../../src/api/index.ts';
import { podAddresses } from '../../../src/lab/addresses.ts';
import { levelBefore } from '../detector-trials.ts';

export const namespace = 'latency';
/** One packet of so many is sampled. */
export const samplingRate = 64;
/** T / N: samples a second of a flow at the threshold. */
export const samplesPerSecond = 10;
export const threshold = samplingRate * samplesPerSecond;
/** What the traffic steps to, as a multiple of the threshold. */
export const stepTo = 5;
export const step = { samplesPerSecond, after: stepTo, before: levelBefore };
export const senderName = 'sender';

const targetCount = 3;
const port = 9000;
/** The first pod of a lab has the first address. */
const receiverAddress = podAddresses(0).ipv4;

/** @param tapPort where the campaign listens to the exporter, beside the collector of squall */
export function topologyOf({ root, program, tapPort }: { root: string; program: string; tapPort: number }): string {
  const sending = [program, receiverAddress, port, threshold * levelBefore, threshold * stepTo].map(String);
  const documents = [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'lab-switch', namespace },
      data: {
        switch: 'openvswitch',
        sampling: String(samplingRate),
        polling: '5s',
        collectors: `127.0.0.1:6343,127.0.0.1:${tapPort}`,
      },
    },
    pod('receiver', ['node', '-e', `require('dgram').createSocket('udp4').bind(${port})`], root),
    pod(senderName, ['node', '--disable-warning=ExperimentalWarning', ...sending], root),
    ...Array.from({ length: targetCount }, (_, index) => pod(`target-${index}`, ['sleep', '1000000'], root)),
  ];
  return documents.map((document) => JSON.stringify(document)).join('\n---\n');
}

function pod(name: string, command: readonly string[], workingDir: string): object {
  const app = name.startsWith('target') ? 'target' : name;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app } },
    spec: { containers: [{ name: 'main', command, workingDir }] },
  };
}

/** A monitor of the sender's traffic, and a loss on pods that have nothing to do with it, which only the monitor ends. */
export function experimentOf(name: string): string {
  const monitor = {
    apiVersion,
    kind: 'NetworkMonitor',
    metadata: { name: 'traffic', namespace },
    spec: {
      flows: [{ name: 'sent', keys: 'ipsource,ipdestination', value: 'frames', filter: `udpdestinationport=${port}` }],
      thresholds: [{ name: 'step', metric: 'sent', flowName: 'sent', value: threshold }],
    },
  };
  const experiment = {
    apiVersion,
    kind: 'NetworkExperiment',
    metadata: { name, namespace },
    spec: {
      before: '2s',
      duration: '60s',
      after: '0s',
      fault: {
        targets: [{ kind: 'selector', namespace, targetSelector: { matchLabels: { app: 'target' } } }],
        configuration: { type: 'loss', device: 'eth0', value: '30%' },
      },
      abort: [{ monitor: { ref: 'traffic', threshold: 'step' } }],
    },
  };
  return [monitor, experiment].map((document) => JSON.stringify(document)).join('\n---\n');
}
