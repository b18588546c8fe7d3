/** NetworkTrafficShaper: a fault on targets; applied while it exists, or for `duration`. */
import type * as z from 'zod';
import { peer, place, toPeer, toPlace } from '../endpoints.ts';
import { duration, filledList, milliseconds, object, oneOf, refuse } from '../fields.ts';
import { apiVersion } from '../metadata.ts';
import { includable, protocols, type Shaper, type ShaperPart } from '../model.ts';
import { hasPort, portRange, toPortRange } from '../ports.ts';
import { withServerRules } from '../server-rules.ts';
import { defineKind } from './definition.ts';
import { faultConfiguration } from './fault-configuration.ts';
import { toFault } from './fault-fields.ts';
import { toPulse, toSteps } from './fault-steps.ts';
import { target, toTarget } from './target.ts';

export const defaultDevice = 'eth0';

/** The longest that one fault may last: a week. */
export const longestDuration = '168h';

export const shaperFields = {
  targets: filledList(target, 'targets'),
  configuration: faultConfiguration.optional(),
  direction: oneOf('egress', 'ingress', 'both')
    .optional()
    .describe('Seen from the target; default egress, and both for a partition.'),
  peers: filledList(peer, 'peers', 64)
    .optional()
    .describe(
      "Only packets to or from these are hurt, at these ports of theirs where there are any; without the field, every peer's.",
    ),
  ports: filledList(portRange, 'ports', 16)
    .optional()
    .describe("The target's own: only packets of these are hurt, what it serves there; without the field, whatever the port."),
  protocol: oneOf(...protocols)
    .optional()
    .describe('Only packets of this protocol are hurt; icmp is of both families.'),
  except: filledList(place, 'exceptions', 64).optional().describe('Never hurt, even where they are among the peers.'),
  include: filledList(oneOf(...includable), 'inclusions', includable.length)
    .optional()
    .describe(
      "Hurt, too, which is else spared: the addresses of the target's node, those of the API server, name resolution (port 53), and sFlow on its way to a collector (UDP port 6343).",
    ),
  duration: duration('1s', longestDuration).optional(),
  lease: withServerRules(
    duration('3s', '1h').refine((value) => Number.isInteger(milliseconds(value) / 1000), { error: 'expected whole seconds' }),
    [{ rule: 'int(duration(self)) % 1000000000 == 0', message: 'expected whole seconds' }],
  )
    .optional()
    .describe('The kernel ends the fault when nobody has renewed it for so long; default 30s.'),
};

const icmpHasNoPorts = 'expected another one beside ports: ICMP has none, so nothing would be hurt; remove one of the two';
const shaperObject = object(shaperFields);
export type WrittenShaper = z.output<typeof shaperObject>;

/** Every target needs exactly one configuration: its own or the shaper's. */
export function checkShaper(context: { value: WrittenShaper; issues: z.core.$ZodRawIssue[] }): void {
  const { targets, configuration, protocol, ports, peers = [] } = context.value;
  if (protocol === 'icmp' && (ports !== undefined || peers.some((one) => one.port !== undefined))) {
    refuse(context, ['protocol'], icmpHasNoPorts);
  }
  const without = targets.findIndex((one) => one.configuration === undefined);
  if (configuration === undefined && without >= 0) {
    refuse(context, ['configuration'], `required: targets[${without}] has no configuration of its own`);
  }
  if (configuration !== undefined && targets.length > 0 && without < 0) {
    refuse(context, ['configuration'], 'not used, since every target has a configuration of its own; remove it');
  }
}

export const shaperSpec = withServerRules(shaperObject.check(checkShaper), [
  {
    rule: 'has(self.configuration) || self.targets.all(one, has(one.configuration))',
    message: 'required: a target has no configuration of its own',
    field: 'configuration',
  },
  {
    rule: '!(has(self.configuration) && self.targets.all(one, has(one.configuration)))',
    message: 'not used, since every target has a configuration of its own; remove it',
    field: 'configuration',
  },
  {
    rule: `!has(self.protocol) || self.protocol != 'icmp' || !has(self.ports) && !(has(self.peers) && self.peers.exists(one, ${hasPort('one')}))`,
    message: icmpHasNoPorts,
    field: 'protocol',
  },
]);

/** Targets that share a configuration become one part, in the order in which they are written. */
export function toShaper(written: WrittenShaper, namespace: string): Shaper {
  const parts = new Map<string, ShaperPart>();
  for (const one of written.targets) {
    const configuration = one.configuration ?? written.configuration;
    if (configuration === undefined) continue;
    const key = JSON.stringify(configuration);
    const part = parts.get(key) ?? {
      targets: [],
      device: configuration.device ?? defaultDevice,
      direction: written.direction ?? (configuration.type === 'partition' ? 'both' : 'egress'),
      fault: toFault(configuration),
      steps: toSteps(configuration),
      ...(configuration.pulse === undefined ? {} : { pulse: toPulse(configuration.pulse) }),
      peers: (written.peers ?? []).map((one) => toPeer(one, namespace)),
      protocol: written.protocol,
      ports: (written.ports ?? []).map(toPortRange),
      except: (written.except ?? []).map((one) => toPlace(one, namespace)),
      include: [...new Set(written.include)],
    };
    part.targets.push(toTarget(one, namespace));
    parts.set(key, part);
  }
  return {
    parts: [...parts.values()],
    durationMs: written.duration === undefined ? undefined : milliseconds(written.duration),
    leaseSeconds: milliseconds(written.lease ?? '30s') / 1000,
  };
}

export const networkTrafficShaper = defineKind({
  apiVersion,
  kind: 'NetworkTrafficShaper',
  plural: 'networktrafficshapers',
  singular: 'networktrafficshaper',
  shortName: 'nts',
  namespaced: true,
  status: true,
  specSchema: shaperSpec,
  toModel: toShaper,
});
