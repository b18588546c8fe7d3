import type { EndReason } from './context.ts';

/** The one way by which work learns that it has to end; the first reason counts. */
export type WorkEnd = { signal: AbortSignal; reason: () => EndReason | undefined; end: (reason: EndReason) => void };

export function createWorkEnd(): WorkEnd {
  const controller = new AbortController();
  let first: EndReason | undefined;
  return {
    signal: controller.signal,
    reason: () => first,
    end: (reason) => {
      first ??= reason;
      controller.abort();
    },
  };
}
