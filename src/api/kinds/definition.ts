import type * as z from 'zod';

/** What a server of the Kubernetes API must know of a kind. */
export type KindFacts = {
  apiVersion: string;
  kind: string;
  plural: string;
  singular: string;
  shortName?: string;
  namespaced: boolean;
  /** Has a status subresource: spec and status are written by different requests. */
  status: boolean;
};

/**
 * A kind of ours. `specSchema` is what people write and what is stored (strings with units), `toModel` turns a spec that the
 * schema accepted into the internal model: defaults filled in, base units. It never fails; every rule is in the schema.
 */
export type KindDefinition<Spec extends z.ZodType, Model> = KindFacts & {
  specSchema: Spec;
  /** @param namespace of the object: where names without a namespace are */
  toModel(spec: z.output<Spec>, namespace: string): Model;
  /** @default 253, what Kubernetes takes; shorter where names or labels of children are made from it */
  longestName?: number;
};

/** Only here for inference. */
export function defineKind<Spec extends z.ZodType, Model>(definition: KindDefinition<Spec, Model>): KindDefinition<Spec, Model> {
  return definition;
}
