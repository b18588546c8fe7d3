/** What came from an agent of late: in the period that runs, and in the one before. */

const periodMs = 60_000;
/** Time constant of the rates, which are smoothed as the values of flows are. */
const rateMs = 10_000;

export type LateRecord = {
  /** @param missed datagrams between the one before and this one */
  addDatagram: (nowMs: number, missed: number) => void;
  /** One that had been taken for missing has come. */
  addFound: (nowMs: number) => void;
  addSamples: (nowMs: number, samples: number) => void;
  view: (nowMs: number) => { received: number; missing: number; datagramsPerSecond: number; samplesPerSecond: number };
};

export function createLateRecord(startedMs: number): LateRecord {
  let periodStartedMs = startedMs;
  let [before, running] = [
    { received: 0, missing: 0 },
    { received: 0, missing: 0 },
  ];
  let [datagramRate, sampleRate, rateAtMs] = [0, 0, startedMs];

  function turn(nowMs: number): void {
    if (nowMs - periodStartedMs < periodMs) return;
    const isLongAgo = nowMs - periodStartedMs >= 2 * periodMs;
    [before, running] = [isLongAgo ? { received: 0, missing: 0 } : running, { received: 0, missing: 0 }];
    periodStartedMs = nowMs;
  }

  function decay(nowMs: number): void {
    if (nowMs <= rateAtMs) return;
    const left = Math.exp((rateAtMs - nowMs) / rateMs);
    datagramRate *= left;
    sampleRate *= left;
    rateAtMs = nowMs;
  }

  return {
    addDatagram: (nowMs, missed) => {
      turn(nowMs);
      decay(nowMs);
      running.received += 1;
      running.missing += missed;
      datagramRate += 1000 / rateMs;
    },
    addFound: (nowMs) => {
      turn(nowMs);
      running.missing -= 1;
    },
    addSamples: (nowMs, samples) => {
      decay(nowMs);
      sampleRate += (1000 * samples) / rateMs;
    },
    view: (nowMs) => {
      turn(nowMs);
      decay(nowMs);
      return {
        received: before.received + running.received,
        missing: Math.max(0, before.missing + running.missing),
        datagramsPerSecond: datagramRate,
        samplesPerSecond: sampleRate,
      };
    },
  };
}
