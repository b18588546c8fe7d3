/** Why something in a capture is no datagram that can be decoded. */
export type CaptureReason = 'CutShort' | 'Fragmented' | 'UnsupportedLinkType' | 'DamagedCapture';

/** One thing that a capture holds, in its order. */
export type Captured =
  /** `missing` bytes of its end were not captured. */
  | { kind: 'datagram'; payload: Uint8Array; missing: number; atMs?: number }
  | { kind: 'problem'; reason: CaptureReason; error: string }
  /** A packet that carries no UDP datagram, or one to another port. */
  | { kind: 'other' };

/** A packet as it was captured, before its headers are read. */
export type CapturedPacket = { linkType: number; bytes: Uint8Array; atMs?: number };

export const damaged = (error: string): Captured => ({ kind: 'problem', reason: 'DamagedCapture', error });
