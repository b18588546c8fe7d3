/**
 * The part of Kubernetes' Pod, Service, Namespace and PodDisruptionBudget that the lab honours. A field that is not listed here is an error,
 * so that nothing a manifest asks for is silently missing; a field marked `ignored` is one that a lab may leave out knowingly.
 */
import * as z from 'zod';

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

export type PodManifest = z.output<typeof podSchema>;
export type ContainerManifest = PodManifest['spec']['containers'][number];
export type ReadinessProbe = NonNullable<ContainerManifest['readinessProbe']>;
export type ServiceManifest = z.output<typeof serviceSchema>;
export type NamespaceManifest = z.output<typeof namespaceSchema>;
export type BudgetManifest = z.output<typeof budgetSchema>;
