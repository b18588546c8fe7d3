/** The page's style sheet: light and dark by the reader's own setting, always light on paper. */
const lightColors = `
  --page: #f6f7f9; --card: #ffffff; --text: #1b2430; --quiet: #5b6675; --line: #dde2e9; --panel: #fafbfc;
  --good: #14713d; --good-back: #e3f4e9; --bad: #b4232c; --bad-back: #fce8e8; --doubt: #8a5a00; --doubt-back: #fdf1d8;
  --stop: #a1400c; --stop-back: #fdebe0; --refuse: #3d4f80; --refuse-back: #e8edf9;
  --rtt: #1f6fd1; --rtt-band: #1f6fd138; --lost: #d02f3a; --fault: #e8930c; --fault-back: #f5a62324; --limit: #7a3fb8; --phase: #8793a31a; --steady: #3d6fc40d;`;

const darkColors = `
  --page: #10151c; --card: #181f29; --text: #e6ebf2; --quiet: #9aa7b8; --line: #2c3744; --panel: #141a23;
  --good: #5fd08f; --good-back: #14342380; --bad: #ff8a8a; --bad-back: #4a1d2280; --doubt: #f0c05a; --doubt-back: #45330f80;
  --stop: #ffab78; --stop-back: #47260f80; --refuse: #a9bcf5; --refuse-back: #25305080;
  --rtt: #66a9ff; --rtt-band: #66a9ff40; --lost: #ff6b74; --fault: #f5a623; --fault-back: #f5a62326; --limit: #c79bf2; --phase: #8793a31f; --steady: #6f9cf012;`;

export const style = `
:root { color-scheme: light dark; ${lightColors} }
@media screen and (prefers-color-scheme: dark) { :root { ${darkColors} } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 24px 20px 8px; }
h1, h2, h3, p { margin: 0; }
h2 { font-size: 18px; letter-spacing: -0.01em; }
h3 { font-size: 14px; overflow-wrap: anywhere; }
section, .warnings { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 18px 20px 20px; margin-top: 16px; }
.note { color: var(--quiet); margin: 2px 0 10px; max-width: 110ch; }
.quiet { color: var(--quiet); font-size: 13px; }
.why { margin-top: 4px; font-size: 13px; overflow-wrap: anywhere; }
.code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: 12.5px; }
.scroll { overflow-x: auto; }

.verdict { --tone: var(--doubt); --back: var(--doubt-back); display: flex; gap: 20px; align-items: flex-start; padding: 24px;
  border-radius: 14px; background: linear-gradient(var(--back), var(--back)), var(--card); border: 1px solid var(--line); border-left: 6px solid var(--tone); }
.verdict.passed { --tone: var(--good); --back: var(--good-back); }
.verdict.failed, .verdict.errored { --tone: var(--bad); --back: var(--bad-back); }
.verdict.aborted { --tone: var(--stop); --back: var(--stop-back); }
.verdict.refused { --tone: var(--refuse); --back: var(--refuse-back); }
.verdict > div { min-width: 0; overflow-wrap: anywhere; }
.sign { flex: none; width: 56px; height: 56px; fill: none; stroke: var(--card); stroke-width: 2.2; stroke-linecap: round; stroke-linejoin: round; }
.sign circle { fill: var(--tone); stroke: none; }
.run-name { color: var(--quiet); font-weight: 600; }
h1 { font-size: 25px; line-height: 1.25; letter-spacing: -0.02em; margin: 2px 0 8px; }
.verdict-word { color: var(--tone); }
.verdict-word::after { content: "."; }
.headline { font-weight: 500; }
.reason .code { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 1px 7px; margin-right: 6px; }
.when { color: var(--quiet); font-size: 13px; margin-top: 6px; }

.tiles { list-style: none; display: grid; grid-template-columns: repeat(4, 1fr); gap: 12px; padding: 0; margin: 16px 0 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-top: 3px solid var(--line); border-radius: 12px; padding: 12px 16px;
  display: flex; flex-direction: column; min-width: 0; overflow-wrap: anywhere; }
.tile.good { border-top-color: var(--good); } .tile.bad { border-top-color: var(--bad); } .tile.doubt { border-top-color: var(--doubt); }
.tile .label { color: var(--quiet); font-size: 13px; font-weight: 600; }
.tile .value { font-size: 23px; font-weight: 650; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.tile .detail { color: var(--quiet); font-size: 13px; }
.warnings { border-left: 6px solid var(--doubt); }
.warnings ul { margin: 6px 0 0; padding-left: 20px; overflow-wrap: anywhere; }

table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; margin-top: 6px; }
caption { text-align: left; color: var(--quiet); font-size: 13px; padding-bottom: 4px; }
th, td { text-align: left; vertical-align: top; padding: 8px 14px 8px 0; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--quiet); font-size: 12.5px; font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 600; }
.figure { text-align: right; white-space: nowrap; }
.chip { display: inline-block; border-radius: 999px; padding: 0 10px; font-size: 13px; font-weight: 600; white-space: nowrap; }
.chip.good { color: var(--good); background: var(--good-back); }
.chip.bad { color: var(--bad); background: var(--bad-back); }
.chip.doubt { color: var(--doubt); background: var(--doubt-back); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(230px, 1fr)); gap: 10px 24px; margin: 8px 0 14px; }
dt { color: var(--quiet); font-size: 12.5px; font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
details summary { cursor: pointer; font-weight: 600; margin-top: 8px; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; overflow: auto; max-height: 560px; }

figure { margin: 0; }
figure.stream { margin-top: 18px; padding-top: 14px; border-top: 1px solid var(--line); }
figcaption { color: var(--quiet); font-size: 13px; }
.per-phase { margin-right: 18px; white-space: nowrap; }
svg { display: block; width: 100%; height: auto; }
.scroll > svg { min-width: 840px; }
svg text { font-size: 12px; fill: var(--quiet); }
.chart-box { position: relative; }
.chart:focus-visible, summary:focus-visible, pre:focus-visible { outline: 2px solid var(--rtt); outline-offset: 2px; border-radius: 4px; }
.tip { position: absolute; top: 2px; background: var(--text); color: var(--card); border-radius: 6px; padding: 2px 9px; font-size: 12.5px;
  pointer-events: none; white-space: nowrap; font-variant-numeric: tabular-nums; }
.tip[hidden] { display: none; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 20px; padding: 0; margin: 4px 0 0; font-size: 13px; color: var(--quiet); }
.legend li { display: flex; align-items: center; gap: 7px; }
.legend svg { width: 28px; height: 14px; flex: none; }

.panel { fill: var(--panel); }
.phase { fill: none; }
.phase-before, .phase-after { fill: var(--steady); }
.phase-name { text-anchor: middle; font-weight: 600; }
.panel-name { font-weight: 600; }
.grid { stroke: var(--line); stroke-width: 1; }
.axis { stroke: var(--quiet); stroke-width: 1; fill: none; opacity: 0.7; }
svg .tick { text-anchor: end; } svg .tick-time { text-anchor: middle; }
.fault { fill: var(--fault-back); }
.fault-edge { fill: none; stroke: var(--fault); stroke-width: 1.5; }
.rtt-line { fill: none; stroke: var(--rtt); stroke-width: 1.6; stroke-linejoin: round; }
.rtt-band { fill: var(--rtt-band); }
.rtt-dot { fill: var(--rtt); }
.lost { stroke: var(--lost); stroke-width: 1.4; }
.loss-bar { fill: var(--lost); opacity: 0.85; }
.limit { fill: none; stroke: var(--limit); stroke-width: 1.5; stroke-dasharray: 6 4; }
svg .limit-name { text-anchor: end; fill: var(--limit); font-weight: 600; paint-order: stroke; stroke: var(--card); stroke-width: 3px; }
.cursor { stroke: var(--text); stroke-width: 1; opacity: 0.6; }
.bar { fill: var(--phase); stroke: var(--quiet); stroke-width: 0.6; }
.bar-before, .bar-after { fill: var(--refuse-back); }
.bar-during { fill: var(--fault-back); }
.bar-inject, .bar-undo { fill: var(--fault); }
svg .bar-name { text-anchor: middle; fill: var(--text); font-weight: 600; }
svg .lane-name { text-anchor: end; }
.lane-fault { fill: var(--fault); } .lane-open { fill: var(--bad); }
.lane-removal { fill: none; stroke: var(--fault); stroke-width: 1.2; }
.abort-line { stroke: var(--bad); stroke-width: 2; stroke-dasharray: 3 2; }
svg .abort-name, svg .abort-name-left { fill: var(--bad); font-weight: 600; } svg .abort-name-left { text-anchor: end; }
.dose-strip { width: 150px; }
.traffic-strip { width: 110px; margin-top: 5px; } .traffic-bar { fill: var(--rtt); }
.dose-asked { stroke: var(--text); stroke-width: 1.6; }
.dose-interval.good { fill: var(--good); opacity: 0.35; } .dose-interval.bad { fill: var(--bad); opacity: 0.35; }
.dose-measured.good { fill: var(--good); } .dose-measured.bad { fill: var(--bad); }
footer { max-width: 1120px; margin: 0 auto; padding: 8px 24px 32px; color: var(--quiet); font-size: 13px; }

@media (max-width: 760px) { .tiles { grid-template-columns: repeat(2, 1fr); } .verdict { flex-direction: column; } }
@media print {
  body { background: none; font-size: 12px; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  main { padding: 0; max-width: none; }
  section, .verdict, .tile, figure, tr { break-inside: avoid; }
  h2, h3, .note { break-after: avoid; }
  section:has(table), section:has(figure.stream), section:has(pre) { break-inside: auto; }
  .scroll { overflow: visible; } .scroll > svg { min-width: 0; }
  pre { max-height: none; white-space: pre-wrap; overflow-wrap: anywhere; }
  .tip { display: none; }
}
`;
