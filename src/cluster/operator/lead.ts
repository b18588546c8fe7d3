import type { ObjectMeta } from '../../api/index.ts';
import { leases, type Lease } from '../../control/index.ts';
import { type Clock, codeOf, formatMicroTime } from '../../lib/index.ts';
import type { ObjectKey, Store, Stored } from '../../store/index.ts';
import { decideLeadership, type ElectionStep } from './decide-leadership.ts';

export type LeadOptions = {
  store: Store;
  /** Where the election's Lease is. */
  key: ObjectKey;
  /** Of this process alone: nobody else ever writes it. */
  identity: string;
  leaseSeconds: number;
  /** Written on the Lease by whoever leads. @default none */
  annotations?: Record<string, string>;
  clock: Clock;
  random: () => number;
  /** Called while we lead. The signal fires when we must not act any more; it is to return soon then. */
  lead: (signal: AbortSignal) => Promise<void>;
  /** Told each change: who leads now, as far as this candidate knows, and why it stopped itself. */
  onChange?: (change: LeadershipChange) => void;
  /** Told each round that could not be carried out; it is tried again. */
  onTrouble?: (error: unknown) => void;
  /** Told after every answer of the server. */
  onContact?: () => void;
};

export type LeadershipChange =
  | { type: 'following'; holder: string }
  | { type: 'leading' }
  | { type: 'stopped'; reason: 'NotRenewed' | 'TakenOver' | 'Released'; message: string };

/** The longest wait for one answer. */
const requestMs = 5000;

/**
 * Stands in the election until the signal fires, and leads whenever it is elected; a lead that is lost is stood for again. On the
 * signal the lease is given back, once `lead` has returned. Rejects when `lead` does.
 */
export async function leadWhenElected(options: LeadOptions, signal: AbortSignal): Promise<void> {
  const { clock, random, leaseSeconds, onTrouble = () => undefined } = options;
  const candidate = createCandidate(options);
  const retryMs = (leaseSeconds * 1000) / 7.5;
  const pause = (): Promise<void> =>
    clock.sleep(Math.min(retryMs * (1 + random() / 5), candidate.leadsForMs()), signal).catch(() => undefined);
  while (!signal.aborted) {
    try {
      if ((await candidate.round()).step === 'acquire') {
        await leadUntilLost(options, candidate, pause, signal);
        continue;
      }
    } catch (error) {
      if (error instanceof LeadFailed) throw error.cause;
      onTrouble(error);
    }
    await pause();
  }
}

/** What `lead` threw, among the errors of the election itself. */
class LeadFailed extends Error {}

async function leadUntilLost(
  { lead, onChange = () => undefined, onTrouble = () => undefined }: LeadOptions,
  candidate: Candidate,
  pause: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const acting = new AbortController();
  const stop = (): void => {
    acting.abort(signal.reason);
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  onChange({ type: 'leading' });
  const progress = { ended: false };
  const work = lead(acting.signal).finally(() => {
    progress.ended = true;
  });
  work.catch(() => undefined);
  let lost: Extract<ElectionStep, { step: 'step-down' }> | undefined;
  while (!signal.aborted && !progress.ended && lost === undefined) {
    await Promise.race([pause(), work.catch(() => undefined)]);
    try {
      const step = await candidate.round();
      if (step.step === 'step-down') lost = step;
    } catch (error) {
      onTrouble(error);
    }
  }
  acting.abort(lost?.reason ?? signal.reason);
  signal.removeEventListener('abort', stop);
  const failure = await work.then(
    () => undefined,
    (error: unknown) => new LeadFailed('the leader failed', { cause: error }),
  );
  if (lost) onChange({ type: 'stopped', reason: lost.reason, message: lost.message });
  else {
    await candidate.release().catch(onTrouble);
    onChange({ type: 'stopped', reason: 'Released', message: 'the lease was given back' });
  }
  if (failure) throw failure;
}

type Candidate = {
  /** How long we may still lead without another renewal; Infinity while we do not. */
  leadsForMs(): number;
  /** Reads if it must, decides, and writes what was decided. Rejects when the server does not answer in time. */
  round(): Promise<ElectionStep>;
  release(): Promise<void>;
};

function createCandidate(options: LeadOptions): Candidate {
  const {
    store,
    key,
    identity,
    leaseSeconds,
    annotations = {},
    clock,
    onChange = () => undefined,
    onContact = () => undefined,
  } = options;
  const renewWithinMs = (leaseSeconds * 2000) / 3;
  let lease: Stored<Lease> | undefined;
  let known = false;
  let seen = { record: '', at: clock.monotonic() };
  let renewedAt: number | undefined;
  let followed: string | undefined;

  const decide = (): ElectionStep =>
    decideLeadership({
      identity,
      now: clock.monotonic(),
      renewWithinMs,
      ...(renewedAt === undefined ? {} : { renewedAt }),
      ...(lease ? { lease: lease.spec } : {}),
      seenAt: seen.at,
    });

  const leadsForMs = (): number =>
    renewedAt === undefined ? Infinity : Math.max(1, renewedAt + renewWithinMs - clock.monotonic());
  /** A leader waits for an answer no longer than it may lead without one. */
  const timeoutMs = (): number => Math.min(requestMs, leadsForMs());

  function see(current: Stored<Lease> | undefined): void {
    const { holderIdentity, renewTime, leaseTransitions } = current?.spec ?? {};
    const record = JSON.stringify([holderIdentity, renewTime, leaseTransitions]);
    if (record !== seen.record) seen = { record, at: clock.monotonic() };
    lease = current;
    known = true;
  }

  async function read(): Promise<void> {
    try {
      see(await store.get(leases, key, { timeoutMs: timeoutMs() }));
    } catch (error) {
      if (codeOf(error) !== 'NotFound') throw error;
      see(undefined);
    }
    onContact();
  }

  function told<Metadata extends ObjectMeta>(metadata: Metadata): Metadata {
    return { ...metadata, annotations: { ...metadata.annotations, ...annotations } };
  }

  async function write(spec: Lease['spec']): Promise<void> {
    const sentAt = clock.monotonic();
    // After a failure nobody knows what the server has; what it has is read before anything is decided again.
    known = false;
    see(
      lease
        ? await store.update(leases, { ...lease, metadata: told(lease.metadata), spec }, { timeoutMs: timeoutMs() })
        : await store.create(
            leases,
            { apiVersion: leases.apiVersion, kind: leases.kind, metadata: told(key), spec },
            { timeoutMs: timeoutMs() },
          ),
    );
    renewedAt = sentAt;
    onContact();
  }

  function held(): Lease['spec'] {
    const now = formatMicroTime(clock.now());
    const before = lease?.spec;
    const isOurs = before?.holderIdentity === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: leaseSeconds,
      renewTime: now,
      acquireTime: isOurs ? (before.acquireTime ?? now) : now,
      leaseTransitions: (before?.leaseTransitions ?? 0) + (isOurs || before === undefined ? 0 : 1),
    };
  }

  function stepDown(step: ElectionStep): ElectionStep {
    renewedAt = undefined;
    known = false;
    return step;
  }

  return {
    leadsForMs,
    async round() {
      // Whoever leads knows the lease by its own last write; if that was wrong, the next write conflicts.
      const early = decide();
      if (early.step === 'step-down') return stepDown(early);
      if (renewedAt === undefined || !known) await read();
      const decided = decide();
      if (decided.step === 'step-down') return stepDown(decided);
      if (decided.step === 'wait') {
        if (decided.holder !== followed) onChange({ type: 'following', holder: decided.holder });
        followed = decided.holder;
        return decided;
      }
      await write(held());
      followed = undefined;
      return decided;
    },
    async release() {
      renewedAt = undefined;
      if (lease?.spec.holderIdentity !== identity || !known) return;
      const renewTime = formatMicroTime(clock.now());
      await store.update(
        leases,
        { ...lease, spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime } },
        { timeoutMs: 2000 },
      );
    },
  };
}
