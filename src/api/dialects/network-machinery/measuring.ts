import {
  booleanText,
  each,
  emptyText,
  fields,
  inOrder,
  isFields,
  numberText,
  rename,
  type Rewriter,
  secondsText,
} from '../rewriting.ts';
import { endpoint, names } from './endpoint.ts';

export const connectivityTest = fields({ source: names, destinations: each(endpoint) });

/** qperf's names of its tests. */
const protocol: Rewriter = (value, path, warn) => {
  if (value !== 'tcp_lat' && value !== 'udp_lat') return value;
  warn(path, value, `the name of a qperf test; read as ${value.slice(0, 3)}`);
  return value.slice(0, 3);
};

export const delayTest = fields({ protocol, source: names, destinations: each(endpoint) });

/** iperf's notation: 1000m is a thousand megabits per second. */
const bandwidth: Rewriter = (value, path, warn) => {
  if (typeof value !== 'string' || !/^\d+(\.\d+)?[kmg]$/i.test(value)) return value;
  const rate = `${value.toLowerCase()}bit`;
  warn(path, value, `iperf's notation; read as ${rate} (bits per second)`);
  return rate;
};

const clientConfiguration = inOrder(
  rename('bidrectional', 'bidirectional', 'misspelt'),
  fields({ bandwidth, bidirectional: booleanText }),
);

const placeless: Rewriter = (value, path, warn) => {
  if (isFields(value) && value.iterations !== undefined && value.clients === undefined && value.servers === undefined) {
    warn([...path, 'iterations'], value.iterations, "a fork's form that names neither clients nor servers; add both to run it");
  }
  return value;
};

export const performanceTest = inOrder(
  fields({ clients: each(inOrder(endpoint, fields({ configuration: clientConfiguration }))), servers: each(endpoint) }),
  fields({ iterations: numberText }),
  placeless,
);

const flow = fields({
  filter: emptyText,
  activeTimeout: inOrder(emptyText, secondsText),
  log: inOrder(emptyText, booleanText),
  flowStart: inOrder(emptyText, booleanText),
});

export const monitor = fields({
  flows: each(flow),
  thresholds: each(fields({ value: numberText, metric: emptyText, byFlow: inOrder(emptyText, booleanText) })),
  eventsConfig: fields({ maxEvents: numberText, timeout: secondsText }),
});

const instantAtStart = /^(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d))\s/;

/** The origin's type is milliseconds since 1970; its example has an empty text, the talk's slide an instant with a remark. */
const timestamp: Rewriter = (value, path, warn) => {
  const remarked = typeof value === 'string' ? instantAtStart.exec(value)?.[1] : undefined;
  const instant = typeof value === 'number' ? value : remarked === undefined ? NaN : Date.parse(remarked);
  if (!(Math.abs(instant) <= 8.64e15)) return emptyText(value, path, warn);
  const read = new Date(instant).toISOString();
  warn(path, value, `${typeof value === 'number' ? 'milliseconds since 1970' : 'an instant with a remark'}; read as ${read}`);
  return read;
};

export const notification = fields({
  networkEvent: fields({
    flow,
    event: fields({ eventID: numberText, threshold: numberText, value: numberText, timestamp }),
  }),
});
