/**
 * The part of Kubernetes' Pod, Service, Namespace and PodDisruptionBudget that the lab honours, and the ConfigMap that chooses its switch. A
 * field that is not listed here is an error, so that nothing a manifest asks for is silently missing; a field marked `ignored` is one that a lab
 * may leave out knowingly.
 */
import * as z from 'zod';
import { parseDuration } from '../../lib/index.ts';
import { parseSflowTarget, type SflowTarget } from './sflow-target.ts';

const ignored = z.unknown().optional();
const labelName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'expected a DNS label: 1 to 63 of a-z, 0-9 and -, not at either end');
const portNumber = z
  .int('expected a port number')
  .min(1, 'expected a port from 1 to 65535')
  .max(65535, 'expected a port from 1 to 65535');
const portName = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/, 'expected a port name: 1 to 15 of a-z, 0-9 and -');
const portReference = z.union([portNumber, portName], 'expected a port from 1 to 65535 or the name of a container port');
const protocol = z.enum(['TCP', 'UDP'], 'expected TCP or UDP').default('TCP');
const wholeSeconds = (least: number, initially: number) =>
  z.int('expected a whole number of seconds').min(least, `expected at least ${least}`).default(initially);

const metadata = z.strictObject({
  name: labelName,
  namespace: labelName.default('default'),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
});

/** Kubernetes' downward API; these are the fields that a lab pod has. */
export const fieldPathPattern =
  /^(metadata\.(name|namespace|uid|(labels|annotations)\['[^']+'\])|spec\.nodeName|status\.(podIPs?|hostIPs?))$/;

const environmentVariable = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/, 'expected a name of an environment variable'),
    value: z.string('expected a string (quote numbers)').optional(),
    valueFrom: z
      .strictObject({
        fieldRef: z.strictObject({
          apiVersion: z.literal('v1').optional(),
          fieldPath: z.string().regex(fieldPathPattern, 'expected a field of the pod, such as status.podIP or metadata.name'),
        }),
      })
      .optional(),
  })
  .refine((variable) => variable.value === undefined || variable.valueFrom === undefined, 'expected either value or valueFrom');

const containerPort = z.strictObject({ name: portName.optional(), containerPort: portNumber, protocol });

const readinessProbe = z
  .strictObject({
    httpGet: z
      .strictObject({
        path: z.string().startsWith('/', 'expected a path that starts with /').default('/'),
        port: portReference,
        scheme: z.literal('HTTP', 'expected HTTP: the lab probes without TLS').default('HTTP'),
        httpHeaders: z.array(z.strictObject({ name: z.string().min(1), value: z.string() })).default([]),
      })
      .optional(),
    tcpSocket: z.strictObject({ port: portReference }).optional(),
    initialDelaySeconds: wholeSeconds(0, 0),
    periodSeconds: wholeSeconds(1, 10),
    timeoutSeconds: wholeSeconds(1, 1),
    successThreshold: ignored,
    failureThreshold: ignored,
  })
  .refine((probe) => (probe.httpGet === undefined) !== (probe.tcpSocket === undefined), 'expected one of httpGet and tcpSocket');

const container = z.strictObject({
  name: labelName,
  command: z
    .array(z.string(), 'expected a list of strings: the lab runs programs of this machine, never an image, so it needs a command')
    .min(1, 'expected a program to run'),
  args: z.array(z.string()).default([]),
  workingDir: z.string().min(1).optional(),
  env: z.array(environmentVariable).default([]),
  ports: z.array(containerPort).default([]),
  readinessProbe: readinessProbe.optional(),
  image: ignored,
  imagePullPolicy: ignored,
  resources: ignored,
  livenessProbe: ignored,
  startupProbe: ignored,
  securityContext: ignored,
  terminationMessagePath: ignored,
  terminationMessagePolicy: ignored,
});

export const ignoredPodFields = ['terminationGracePeriodSeconds', 'serviceAccountName', 'automountServiceAccountToken'] as const;
export const ignoredContainerFields = [
  'image',
  'imagePullPolicy',
  'resources',
  'livenessProbe',
  'startupProbe',
  'securityContext',
  'terminationMessagePath',
  'terminationMessagePolicy',
] as const;

export const podSchema = z.strictObject({
  apiVersion: z.literal('v1', 'expected v1'),
  kind: z.literal('Pod'),
  metadata,
  spec: z.strictObject({
    containers: z.array(container).min(1, 'expected at least one container'),
    restartPolicy: z.enum(['Always', 'OnFailure', 'Never'], 'expected Always, OnFailure or Never').default('Always'),
    enableServiceLinks: z.boolean().default(true),
    terminationGracePeriodSeconds: ignored,
    serviceAccountName: ignored,
    automountServiceAccountToken: ignored,
  }),
});

const servicePort = z.strictObject({
  name: labelName.optional(),
  port: portNumber,
  targetPort: portReference.optional(),
  protocol,
  appProtocol: z.string().optional(),
});

export const serviceSchema = z.strictObject({
  apiVersion: z.literal('v1', 'expected v1'),
  kind: z.literal('Service'),
  metadata,
  spec: z.strictObject({
    type: z
      .literal('ClusterIP', 'expected ClusterIP: a lab has nothing outside it that could call a service')
      .default('ClusterIP'),
    selector: z
      .record(z.string(), z.string())
      .refine((labels) => Object.keys(labels).length > 0, 'expected at least one label: an empty selector selects nothing'),
    ports: z.array(servicePort).min(1, 'expected at least one port'),
    clusterIP: z.literal('None', 'expected None or nothing: the lab gives the cluster addresses').optional(),
    ipFamilies: z
      .array(z.enum(['IPv4', 'IPv6'], 'expected IPv4 or IPv6'))
      .min(1)
      .max(2)
      .default(['IPv4', 'IPv6']),
    ipFamilyPolicy: z.enum(['SingleStack', 'PreferDualStack', 'RequireDualStack']).optional(),
  }),
});

export const namespaceSchema = z.strictObject({
  apiVersion: z.literal('v1', 'expected v1'),
  kind: z.literal('Namespace'),
  metadata: z.strictObject({
    name: labelName,
    labels: z.record(z.string(), z.string()).default({}),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
});

const amountExpected = 'expected a whole number of pods, or a share such as "50%"';
const amount = z.union([z.int().min(0), z.string().regex(/^(\d|[1-9]\d|100)%$/, amountExpected)], amountExpected);
const labels = z.record(z.string(), z.string());
const requirement = z.strictObject({
  key: z.string().min(1),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist'], 'expected In, NotIn, Exists or DoesNotExist'),
  values: z.array(z.string()).optional(),
});

export const budgetSchema = z.strictObject({
  apiVersion: z.literal('policy/v1', 'expected policy/v1'),
  kind: z.literal('PodDisruptionBudget'),
  metadata,
  spec: z
    .strictObject({
      selector: z.strictObject({ matchLabels: labels.optional(), matchExpressions: z.array(requirement).optional() }),
      minAvailable: amount.optional(),
      maxUnavailable: amount.optional(),
      unhealthyPodEvictionPolicy: ignored,
    })
    .refine(
      (spec) => (spec.minAvailable === undefined) !== (spec.maxUnavailable === undefined),
      'expected one of minAvailable and maxUnavailable',
    ),
});

/** The values of a ConfigMap are texts. */
const numberText = (least: number, most: number, initially: number) => {
  const expected = `expected a whole number from ${least} to ${most}, in quotes`;
  return z
    .string(expected)
    .regex(/^\d{1,9}$/, expected)
    .transform(Number)
    .refine((value) => value >= least && value <= most, expected)
    .default(initially);
};

const secondsExpected = 'expected whole seconds from 1s to 3600s, such as 5s';
const secondsText = z
  .string(secondsExpected)
  .transform((text) => (parseDuration(text) ?? Number.NaN) / 1000)
  .refine((seconds) => Number.isInteger(seconds) && seconds >= 1 && seconds <= 3600, secondsExpected);

const mostCollectors = 4;
const collectorsExpected = `expected ADDRESS:PORT, such as 127.0.0.1:6343 or [::1]:6343, or up to ${mostCollectors} of them joined by commas`;
const collectorsText = z.string(collectorsExpected).transform((text, context): SflowTarget[] => {
  const targets = text.split(',').flatMap((part) => parseSflowTarget(part.trim()) ?? []);
  if (targets.length === text.split(',').length && targets.length <= mostCollectors) return targets;
  context.issues.push({ code: 'custom', message: collectorsExpected, input: text });
  return z.NEVER;
});

export const switchName = 'lab-switch';
const onlySwitch = `expected ${switchName}: a lab has no volumes, and this is the one ConfigMap that it reads`;

/** Which switch is between the pods: the kernel's own bridge, unless there is this ConfigMap. */
export const switchSchema = z.strictObject({
  apiVersion: z.literal('v1', 'expected v1'),
  kind: z.literal('ConfigMap'),
  metadata: metadata.extend({ name: z.literal(switchName, onlySwitch) }),
  data: z
    .strictObject({
      switch: z.literal('openvswitch', "expected openvswitch; without this ConfigMap the switch is the kernel's bridge"),
      /** One packet of so many is sampled. */
      sampling: numberText(1, 16_777_215, 64),
      /** Between two readings of the counters of a port. */
      polling: secondsText.default(5),
      /** Of each sampled packet. */
      headerBytes: numberText(64, 256, 128),
      /** As this machine sees them: the first is whom a run speaks for, the others hear the same. */
      collectors: collectorsText.default([{ host: '127.0.0.1', port: 6343 }]),
    })
    .transform(({ sampling, polling, headerBytes, collectors }) => ({
      sampling,
      pollingSeconds: polling,
      headerBytes,
      collectors,
    })),
});

export type SwitchManifest = z.output<typeof switchSchema>;
export type SwitchSettings = SwitchManifest['data'];
export type PodManifest = z.output<typeof podSchema>;
export type ContainerManifest = PodManifest['spec']['containers'][number];
export type ReadinessProbe = NonNullable<ContainerManifest['readinessProbe']>;
export type ServiceManifest = z.output<typeof serviceSchema>;
export type NamespaceManifest = z.output<typeof namespaceSchema>;
export type BudgetManifest = z.output<typeof budgetSchema>;
