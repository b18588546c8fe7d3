import type { TestEvent } from 'node:test/reporters';

/** A reporter for node:test: one line that a program can read, after all files have run. */
export default async function* summary(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    // Each file has a summary as well; the one of the whole run names no file.
    if (event.type !== 'test:summary' || event.data.file !== undefined) continue;
    const { tests, passed, skipped, todo } = event.data.counts;
    yield `${String(passed)} passed, ${String(tests - passed - skipped - todo)} failed, ${String(skipped)} skipped\n`;
  }
}
