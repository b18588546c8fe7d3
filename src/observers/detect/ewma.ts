/**
 * The value that is reported: a low-pass of first order over impulses, true to the mean. sFlow-RT says of it only
 * "t: smoothing factor in seconds"; its published responses to a square wave are of this shape (blog.sflow.com, "Flow smoothing").
 */
export type Ewma = { value: number; atMs: number };

/** At `atMs`, in units a second; an instant before the newest sample is taken as that sample's. */
export function ewmaAt({ value, atMs: sinceMs }: Ewma, atMs: number, smoothingMs: number): number {
  return value * Math.exp(-Math.max(0, atMs - sinceMs) / smoothingMs);
}

/** @param weight what was estimated to have passed, in the metric's unit */
export function addToEwma(ewma: Ewma, atMs: number, weight: number, smoothingMs: number): Ewma {
  return { value: ewmaAt(ewma, atMs, smoothingMs) + (1000 * weight) / smoothingMs, atMs: Math.max(ewma.atMs, atMs) };
}

/** sFlow-RT moves `t` into 0.2 to 600 s and takes 2 s where none is given. */
export function smoothingMsOf(seconds: number | undefined): number {
  return 1000 * Math.min(600, Math.max(0.2, seconds ?? 2));
}
