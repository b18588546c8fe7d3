import type { CollectorCounters } from '../counters.ts';
import type { Request } from '../messages.ts';
import type { NetworkEngine } from '../network-engine.ts';
import { refusedOf } from '../refused.ts';

/** Closing is not the engine's. */
export type EngineRequest = Exclude<Request, { name: 'close' }>;

export type AnswerSources = { engine: NetworkEngine; counters: (nowMs: number) => CollectorCounters };

/** What the engine says to a request. @throws what the engine throws, such as InvalidInput of a subscription */
export function answerTo(request: EngineRequest, { engine, counters }: AnswerSources, nowMs: number): unknown {
  switch (request.name) {
    case 'put':
      engine.put(request.argument, nowMs);
      return undefined;
    case 'remove':
      engine.remove(request.argument);
      return undefined;
    case 'view': {
      const view = engine.view(request.argument, nowMs);
      return view && { ...view, refused: refusedOf(counters(nowMs)) };
    }
    case 'agents':
      return engine.agents(nowMs);
    case 'activeFlows':
      return engine.activeFlows({ ...request.argument, nowMs });
    case 'counters':
      return counters(nowMs);
  }
}
