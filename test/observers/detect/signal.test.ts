import { describe, expect, it } from 'vitest';
import { lostAfterMs, signalOf, usualPollingMs } from '../../../src/observers/index.ts';

const agent = { lastDatagramMs: 1000, pollingMs: 5000, received: 90, missing: 0 };

describe('the signal of an agent that polls every 5 s', () => {
  it.each([
    [12_500, 0, 'good'],
    [12_501, 0, 'lost'],
    [100, 10, 'good'],
    [100, 11, 'degraded'],
    [12_501, 11, 'lost'],
    [100, 90, 'degraded'],
    [100, 91, 'lost'],
  ])('is, %d ms after its last datagram and with %d missing and 90 received, %s', (silentMs, missing, expected) => {
    expect(signalOf({ ...agent, missing }, agent.lastDatagramMs + silentMs)).toBe(expected);
  });

  it('is good before anything was due, though nothing has come', () => {
    expect(signalOf({ ...agent, received: 0 }, 2000)).toBe('good');
  });

  it('is not lost for the loss of a few datagrams', () => {
    expect(signalOf({ ...agent, received: 1, missing: 8 }, 2000)).toBe('degraded');
    expect(signalOf({ ...agent, received: 1, missing: 9 }, 2000)).toBe('lost');
  });

  it('is lost after 75 s where the polling interval is the usual one', () => {
    expect(lostAfterMs(usualPollingMs)).toBe(75_000);
  });
});
