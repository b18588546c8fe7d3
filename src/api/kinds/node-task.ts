/** NodeTask, internal: only controllers write it. The schema checks what an agent relies on before it looks closer. */
import * as z from 'zod';
import { apiVersion } from '../metadata.ts';
import type { NodeTaskSpec } from '../node-task.ts';
import { defineKind } from './definition.ts';
import { mostSteps } from './fault-steps.ts';

const nodeTaskSpec = z.looseObject({
  node: z.string().min(1),
  run: z.looseObject({ uid: z.string().min(1), namespace: z.string(), name: z.string() }),
  work: z.enum(['fault', 'probe', 'preflight', 'enforce']),
  instance: z.string().regex(/^[0-9a-f]{8}$/),
  generation: z.int(),
  order: z.enum(['apply', 'undo']),
  targets: z.array(z.looseObject({ podUid: z.string(), namespace: z.string(), name: z.string(), ips: z.array(z.string()) })),
  fault: z
    .looseObject({
      steps: z
        .array(z.looseObject({ atMs: z.number().positive(), effect: z.looseObject({ type: z.string() }) }))
        .max(mostSteps)
        .optional(),
      pulse: z.looseObject({ activeMs: z.number().positive(), idleMs: z.number().positive() }).optional(),
    })
    .optional(),
  lease: z.looseObject({ name: z.string().min(1), seconds: z.number().positive() }),
  notAfter: z.iso.datetime({ offset: true }),
});

export const nodeTask = defineKind({
  apiVersion,
  kind: 'NodeTask',
  plural: 'nodetasks',
  singular: 'nodetask',
  namespaced: true,
  status: true,
  specSchema: nodeTaskSpec,
  // The parts by work (fault, probe, checks) are the writers' contract and were typed there.
  toModel: (written) => written as NodeTaskSpec,
});
