/** An sFlow-RT as its clients know it, with the ways in which one can fail. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Failing = 'html' | 'error' | 'silent' | 'truncated' | 'half-json' | 'huge' | 'reset' | undefined;

export type FakeEvent = Record<string, unknown> & { eventID: number; thresholdID: string };

export type FakeSflowRt = {
  port: number;
  flows: Map<string, Record<string, unknown>>;
  thresholds: Map<string, Record<string, unknown>>;
  /** By flow; of others there are none. */
  values: Map<string, unknown[]>;
  agents: Record<string, unknown>;
  /** Every answer takes so long. */
  delayMs: number;
  /** `METHOD path` of every request. */
  requests: string[];
  fail: (how: Failing, onlyPath?: RegExp) => void;
  cross: (thresholdID: string, event?: Record<string, unknown>) => void;
  /** Forgets all, numbers events from 0, and cuts every connection. */
  restart: () => void;
  /** Forgets all, numbers events from 0, and keeps the connections, as something between would. */
  restartUnnoticed: () => void;
  close: () => Promise<void>;
};

export async function startFakeSflowRt(): Promise<FakeSflowRt> {
  let events: FakeEvent[] = [];
  let nextId = 0;
  let failing: Failing;
  let failingPath = /./;
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    void answer(request, response);
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://fake');
    const method = request.method ?? '';
    fake.requests.push(`${method} ${pathname}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    if (fake.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, fake.delayMs));
    if (failing !== undefined && failingPath.test(pathname)) {
      failWith(failing, response);
      return;
    }
    const [kind, name = ''] = pathname.split('/').slice(1).map(decodeURIComponent);
    if (kind === 'agents') send(response, fake.agents);
    else if (kind === 'activeflows') {
      const flow = decodeURIComponent(pathname.split('/')[3] ?? '');
      send(response, fake.values.has(flow) ? fake.values.get(flow) : []);
    } else if (kind === 'events') await sendEvents(searchParams, response);
    else define(kind === 'flow' ? fake.flows : fake.thresholds, method, name, Buffer.concat(chunks).toString(), response);
  }

  function define(
    all: Map<string, Record<string, unknown>>,
    method: string,
    name: string,
    body: string,
    response: ServerResponse,
  ): void {
    if (name === 'json') send(response, Object.fromEntries(all));
    else if (method === 'PUT') {
      all.set(name, JSON.parse(body) as Record<string, unknown>);
      response.writeHead(204).end();
    } else if (method === 'DELETE') {
      all.delete(name);
      response.writeHead(204).end();
    } else if (all.has(name)) send(response, all.get(name));
    else response.writeHead(404).end('<html>not found</html>');
  }

  async function sendEvents(query: URLSearchParams, response: ServerResponse): Promise<void> {
    const after = Number(query.get('eventID') ?? -1);
    const wanted = () =>
      events
        .filter(({ eventID, thresholdID }) => eventID > after && thresholdID === query.get('thresholdID'))
        .toReversed()
        .slice(0, Number(query.get('maxEvents') ?? 100));
    const endsAt = Date.now() + 1000 * Number(query.get('timeout') ?? 0);
    while (wanted().length === 0 && Date.now() < endsAt && !response.destroyed) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, endsAt - Date.now());
        waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
        response.once('close', resolve);
      });
    }
    send(response, wanted());
  }

  function forget(): void {
    fake.flows.clear();
    fake.thresholds.clear();
    events = [];
    nextId = 0;
  }

  const fake: FakeSflowRt = {
    port: 0,
    flows: new Map(),
    thresholds: new Map(),
    values: new Map(),
    agents: { '10.0.0.9': { sFlowDatagramsReceived: '12', sFlowDatagramsLost: 1, lastSeen: 100 } },
    delayMs: 0,
    requests: [],
    fail: (how, onlyPath = /./) => {
      failing = how;
      failingPath = onlyPath;
    },
    cross: (thresholdID, event = {}) => {
      events.push({
        eventID: nextId,
        thresholdID,
        timestamp: Date.now(),
        metric: 'flow',
        threshold: 100,
        value: 250,
        agent: '10.0.0.9',
        dataSource: '22',
        flowKey: 'a,b',
        ...event,
      });
      nextId += 1;
      for (const wake of waiting) wake();
      waiting.clear();
    },
    restart: () => {
      forget();
      server.closeAllConnections();
    },
    restartUnnoticed: forget,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  fake.port = (server.address() as AddressInfo).port;
  return fake;
}

function send(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function failWith(how: Exclude<Failing, undefined>, response: ServerResponse): void {
  switch (how) {
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Welcome</body></html>');
      return;
    case 'error':
      response.writeHead(500).end('java.lang.NullPointerException');
      return;
    case 'truncated':
      response.writeHead(200, { 'content-length': 1000 }).write('[{"key":"a","val');
      setTimeout(() => response.destroy(), 20);
      return;
    case 'half-json':
      response.writeHead(200).end('[{"key":"a","val');
      return;
    case 'huge':
      response.writeHead(200).end(`[${'1,'.repeat(1024 * 1024)}1]`);
      return;
    case 'reset':
      response.destroy();
      return;
    case 'silent':
  }
}
