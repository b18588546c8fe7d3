/**
 * What a run leaves behind, and what is seen of it while it runs. Journal entries come in and become an append-only file. Out go
 * the report made from that file as data, JUnit XML and one self-contained page, and lines on a terminal.
 */
export { buildReport } from './build.ts';
export { findRuns, type RunFolder } from './find-runs.ts';
export { createJournal, type Journal, type JournalOptions, readJournal } from './journal.ts';
export { journalLine, parseJournal } from './journal-text.ts';
export { cleanLine, formatSpan } from './text.ts';
export { renderFiles, renderJson, type ReportFile, reportFiles, writeReport } from './write.ts';
export {
  createLiveView,
  type LiveStream,
  type LiveView,
  type LiveViewOptions,
  renderSummary,
  type SummaryOptions,
} from './terminal/index.ts';
