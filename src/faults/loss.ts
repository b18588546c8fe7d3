/** Loss: packets vanish, each by itself or in bursts. */
import type { Fault } from '../api/index.ts';
import { SquallError } from '../lib/index.ts';
import { checkPercent, type FaultPlanner } from './fault-planner.ts';
import { noImpairment } from './impairment.ts';

type PacketLoss = Extract<Fault, { type: 'loss' }>;

function checkLoss({ percent, burst }: PacketLoss): void {
  checkPercent('loss', percent);
  if (!(burst >= 1) || !Number.isFinite(burst)) {
    throw new SquallError(
      'InvalidInput',
      `fault.burst: ${String(burst)} is no mean length of a burst; give 1 (independent loss) or more`,
    );
  }
  // The chance to enter a burst, L / (B (1 − L)), must stay a probability.
  const mostPercent = (100 * burst) / (1 + burst);
  if (burst > 1 && percent > mostPercent) {
    throw new SquallError(
      'InvalidInput',
      `fault.loss: ${String(percent)} % cannot be lost in bursts of ${String(burst)} on average; at most ${mostPercent.toFixed(1)} %, or a longer burst`,
    );
  }
}

export const lossPlanner: FaultPlanner<PacketLoss> = {
  impairment: (fault) => {
    checkLoss(fault);
    const { percent, burst } = fault;
    return { ...noImpairment, loss: burst === 1 ? { kind: 'independent', percent } : { kind: 'burst', percent, length: burst } };
  },
  // Netem would drop whole super-packets; tbf cuts them up first.
  requirements: () => [{ check: 'capability', capability: 'tbf' }],
  describe: ({ percent, burst }) => `loss ${String(percent)}%${burst === 1 ? '' : ` burst ${String(burst)}`}`,
};
