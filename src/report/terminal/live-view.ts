import pc from 'picocolors';
import type { JournalRecord } from '../../api/index.ts';
import type { Clock } from '../../lib/index.ts';
import { eventLines, summaryLine } from './event-lines.ts';
import { liveLines } from './live-lines.ts';
import { emptyLiveState, nextLiveState } from './live-state.ts';
import { fitLine, type Line, paint } from './spans.ts';

/** The part of a stream that the view needs; `process.stdout` is one. */
export type LiveStream = {
  write(text: string): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
};

export type LiveViewOptions = {
  stream: LiveStream;
  /** Whether lines can be redrawn in place. */
  isTty: boolean;
  /** Asked at each drawing, since a window changes its size. Ignored when not a terminal: a log has no width. */
  columns: () => number;
  /** @default what NO_COLOR, FORCE_COLOR and the terminal say */
  color?: boolean;
  clock: Pick<Clock, 'now' | 'sleep'>;
};

export type LiveView = { onRecord: (record: JournalRecord) => void; close: () => void };

const redrawMs = 200;
const summaryMs = 5000;

/**
 * Shows a run while it runs: a block redrawn in place on a terminal, plain lines elsewhere. It is only a view, so it never
 * throws: when the stream breaks (a closed pipe) it goes quiet, and the run goes on.
 */
export function createLiveView({ stream, isTty, columns, color = pc.isColorSupported, clock }: LiveViewOptions): LiveView {
  const closed = new AbortController();
  let state = emptyLiveState;
  let waiting: Line[] = [];
  let drawnLines = 0;

  const stop = (): void => {
    closed.abort();
  };
  const guarded = (work: () => void): void => {
    if (closed.signal.aborted) return;
    try {
      work();
    } catch {
      // Whatever broke is the view's, and the journal has everything: the run must not end for it.
      stop();
    }
  };
  const width = (): number => {
    const asked = columns();
    // The last column stays free: a full line makes some terminals wrap before the line end.
    return Number.isFinite(asked) && asked > 1 ? Math.floor(asked) - 1 : 79;
  };
  const draw = (): void => {
    const block = liveLines(state, clock.now(), width());
    const above = waiting.map((line) => fitLine(line, width()));
    stream.write(
      redraw(
        drawnLines,
        [...above, ...block].map((line) => paint(line, color)),
      ),
    );
    waiting = [];
    drawnLines = block.length;
  };
  const printPlain = (line: Line): void => {
    stream.write(`${paint(fitLine(line, Number.POSITIVE_INFINITY), color)}\n`);
  };

  const tick = async (): Promise<void> => {
    while (!closed.signal.aborted) {
      await clock.sleep(isTty ? redrawMs : summaryMs, closed.signal);
      guarded(() => {
        const summary = isTty ? undefined : summaryLine(state, clock.now());
        if (isTty) draw();
        else if (summary) printPlain(summary);
      });
    }
  };

  stream.on('error', stop);
  // The only way that sleeping fails is that the view was closed.
  void tick().catch(stop);
  return {
    onRecord(record) {
      guarded(() => {
        state = nextLiveState(state, record);
        for (const { line, lasting } of eventLines(record, state.targets)) {
          if (!isTty) printPlain(line);
          else if (lasting) waiting.push(line);
        }
      });
    },
    close() {
      guarded(() => {
        if (isTty) draw();
      });
      stop();
      stream.off('error', stop);
    },
  };
}

const eraseLine = '\u001B[2K';
const eraseBelow = '\u001B[J';

/** Writes lines over those drawn before: up to the first of them, each erased before it is written. */
function redraw(drawnLines: number, lines: readonly string[]): string {
  const up = drawnLines > 0 ? `\u001B[${String(drawnLines)}A` : '';
  return `${up}\r${lines.map((line) => `${eraseLine}${line}\n`).join('')}${eraseBelow}`;
}
