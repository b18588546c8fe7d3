export { createLiveView, type LiveStream, type LiveView, type LiveViewOptions } from './live-view.ts';
export { renderSummary, type SummaryOptions } from './summary.ts';
