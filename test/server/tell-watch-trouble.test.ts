import { expect, it } from 'vitest';
import { type ErrorCode, SquallError } from '../../src/lib/index.ts';
import { tellWatchTrouble } from '../../src/server/index.ts';

it('warns of each resource and cause once a minute, counts all, and leaves what servers forget to who debugs', () => {
  let now = 0;
  const logged: unknown[] = [];
  const counted: string[] = [];
  const write = (level: string) => (facts: object, message: string) => logged.push({ level, ...facts, message });
  const trouble = tellWatchTrouble({
    log: { debug: write('debug'), warn: write('warn') },
    clock: { monotonic: () => now },
    metrics: { watchFailed: (resource, code) => counted.push(`${resource} ${code}`) },
  });
  const fail = (resource: string, code: ErrorCode): void => {
    trouble(new SquallError(code, 'why'), 50, resource);
  };
  for (now = 0; now < 60_000; now += 10_000) fail('nodetasks', 'Unavailable');
  fail('nodetasks', 'Unavailable');
  fail('nodetasks', 'PermissionDenied');
  fail('leases', 'Expired');
  const message = (resource: string) => `watching ${resource} is interrupted and tried again: why`;
  expect(logged).toEqual([
    { level: 'warn', resource: 'nodetasks', code: 'Unavailable', retryInMs: 50, message: message('nodetasks') },
    { level: 'warn', resource: 'nodetasks', code: 'Unavailable', retryInMs: 50, heldBack: 5, message: message('nodetasks') },
    { level: 'warn', resource: 'nodetasks', code: 'PermissionDenied', retryInMs: 50, message: message('nodetasks') },
    { level: 'debug', resource: 'leases', code: 'Expired', retryInMs: 50, message: message('leases') },
  ]);
  expect(counted).toHaveLength(9);
});
