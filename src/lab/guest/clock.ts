/** One answer to the question what time it is in the guest; all in milliseconds since 1970, the first two by this machine's clock. */
export type ClockAnswer = { askedAt: number; answeredAt: number; guestTime: number };

/** Corrections are jumps, so what scheduling does not notice is let be. */
const toleratedMs = 100;

/**
 * How far the guest's clock surely is ahead of this machine's, in milliseconds; negative when it is behind, and 0 when the time that
 * question and answer took may be all of it. A slow guest thus never makes its clock worse.
 */
export function clockError({ askedAt, answeredAt, guestTime }: ClockAnswer): number {
  const least = guestTime - answeredAt;
  const most = guestTime - askedAt;
  if (least > 0) return least;
  return most < 0 ? most : 0;
}

export type ClockKeeper = { answered(guestTime: number): void; stop(): void };

/**
 * Asks the guest for its time again and again, and sets its clock when it is wrong: the guest's clock does not move while this
 * machine is suspended, and knows nothing of what sets this machine's.
 * @param now milliseconds since 1970
 * @param ask to be followed by `answered` with what the guest said
 * @param set sets the guest's clock to so many milliseconds since 1970
 */
export function keepClock(options: {
  everyMs: number;
  now: () => number;
  ask: () => void;
  set: (time: number) => void;
}): ClockKeeper {
  const { everyMs, now, ask, set } = options;
  let askedAt: number | undefined;
  const timer = setInterval(() => {
    // A guest that has not answered is not asked again: its late answer would count for the new question.
    if (askedAt !== undefined) return;
    askedAt = now();
    ask();
  }, everyMs);
  return {
    answered(guestTime) {
      if (askedAt === undefined) return;
      const answeredAt = now();
      const oneWay = (answeredAt - askedAt) / 2;
      if (Math.abs(clockError({ askedAt, answeredAt, guestTime })) > toleratedMs) set(answeredAt + oneWay);
      askedAt = undefined;
    },
    stop() {
      clearInterval(timer);
    },
  };
}
