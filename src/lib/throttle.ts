/**
 * Lets what is said again and again through once in so long, each kind by itself. Returns how many of that kind were held back since
 * the last one that came through, or undefined: hold this one back as well. Kinds are remembered, so they must be few.
 */
export function createThrottle(everyMs: number, monotonic: () => number): (kind: string) => number | undefined {
  const kinds = new Map<string, { saidAt: number; heldBack: number }>();
  return (kind) => {
    const now = monotonic();
    const known = kinds.get(kind);
    if (known && now - known.saidAt < everyMs) {
      known.heldBack += 1;
      return undefined;
    }
    kinds.set(kind, { saidAt: now, heldBack: 0 });
    return known?.heldBack ?? 0;
  };
}
