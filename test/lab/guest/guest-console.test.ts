import { expect, it } from 'vitest';
import { saysThatTimerIsLost } from '../../../src/lab/guest/guest-console.ts';

it.each([
  {
    // As a machine printed that hung 1.1 s into its boot.
    line: "[   22.109394] rcu: rcu_preempt kthread timer wakeup didn't happen for 5246 jiffies! g-1163 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x402\r",
    lost: true,
  },
  // Only slow: it may go on.
  { line: '[   22.109394] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\r', lost: false },
  { line: '[    1.204000] Run /init as init process\r', lost: false },
])('tells by "$line" that a timer is lost: $lost', ({ line, lost }) => {
  expect(saysThatTimerIsLost(line)).toBe(lost);
});
