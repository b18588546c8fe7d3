/** A kind as this server serves it: the composition root says which there are. */
export type EmbeddedResource = {
  /** `v1`, or `<group>/<version>`. */
  apiVersion: string;
  kind: string;
  plural: string;
  namespaced: boolean;
  /** It has a status subresource: its status is written through that only, and everything else not through it. */
  status: boolean;
};

/** What a resource is called in the database. */
export function resourceId({ apiVersion, plural }: EmbeddedResource): string {
  return `${apiVersion}/${plural}`;
}
