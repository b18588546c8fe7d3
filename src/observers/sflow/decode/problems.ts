/** Why a datagram, or a part of it, was not decoded. */
export type ProblemReason =
  | 'HeaderTooShort'
  | 'UnsupportedVersion'
  | 'UnknownAddressType'
  | 'MissingSamples'
  | 'SamplePastEnd'
  | 'SampleTooShort'
  | 'MissingRecords'
  | 'RecordPastEnd'
  | 'RecordTooShort';

/** `found` is what the datagram says, `limit` what there is or what is read, both in the unit of the reason. */
export type Problem = { reason: ProblemReason; offset: number; found: number; limit: number };

const sentences: Record<ProblemReason, (found: number, limit: number) => string> = {
  HeaderTooShort: (found, limit) => `a datagram of ${found} bytes: expected a header of at least ${limit}`,
  UnsupportedVersion: (found) => `sFlow version ${found}: only version 5 is decoded`,
  UnknownAddressType: (found) => `agent address type ${found}: expected 0 (unknown), 1 (IPv4) or 2 (IPv6)`,
  MissingSamples: (found, limit) => `${found} samples are announced, and ${limit} are there`,
  SamplePastEnd: (found, limit) => `a sample of ${found} bytes, where the datagram has ${limit} left`,
  SampleTooShort: (found, limit) => `a sample of ${found} bytes: expected at least ${limit}`,
  MissingRecords: (found, limit) => `${found} records are announced, and ${limit} are there`,
  RecordPastEnd: (found, limit) => `a record of ${found} bytes, where the sample has ${limit} left`,
  RecordTooShort: (found, limit) => `a record of ${found} bytes: expected at least ${limit}`,
};

/** As one line for people. */
export function describeProblem({ reason, offset, found, limit }: Problem): string {
  return `${sentences[reason](found, limit)} (at byte ${offset})`;
}
