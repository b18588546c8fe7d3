import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SquallError } from '../../../../src/lib/index.ts';
import { createNetworkEngine } from '../../../../src/observers/index.ts';
import { type SflowRtServer, type SflowRtServerOptions, startSflowRtServer } from '../../../../src/observers/sflow-rt/index.ts';
import { curl, runCurlClient } from '../curl-client.ts';
import { agentView, createFakeCollector, type FakeCollector } from '../fake-collector.ts';

let collector: FakeCollector;
let server: SflowRtServer | undefined;
let base = '';
let logged: string[] = [];

async function start(options: Partial<SflowRtServerOptions> = {}): Promise<void> {
  await server?.close();
  logged = [];
  const log = (message: string) => logged.push(message);
  server = await startSflowRtServer({ collector, port: 0, now: () => collector.seen.now, log, ...options });
  base = `http://127.0.0.1:${String(server.address.port)}`;
}

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const written = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(base + path, { method, body: written });
  const text = await answer.text();
  return { status: answer.status, body: answer.headers.get('content-type') === 'application/json' ? JSON.parse(text) : text };
}

beforeEach(async () => {
  collector = createFakeCollector();
  await start();
});
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const tcp = { keys: 'ipsource,ipdestination,tcpsourceport,tcpdestinationport', value: 'frames' };

describe('definitions', () => {
  test('flows and thresholds of all clients are one subscription, put again with every change', async () => {
    expect((await ask('PUT', '/flow/tcp/json', { ...tcp, t: '0.5', n: '7', log: 'true', filter: 'ipprotocol=6' })).status).toBe(
      204,
    );
    expect((await ask('PUT', '/flow/all/json', {})).status).toBe(204);
    const elephant = { metric: 'tcp', value: '125000.5', byFlow: 'true', timeout: 60 };
    expect((await ask('PUT', '/threshold/elephant/json', elephant)).status).toBe(204);
    expect([...collector.subscriptions.values()]).toEqual([
      {
        id: 'rest',
        flows: [
          { name: 'all', keys: [], value: 'bytes', smoothingMs: 2000, top: 5 },
          { name: 'tcp', keys: tcp.keys.split(','), value: 'frames', filter: 'ipprotocol=6', smoothingMs: 500, top: 7 },
        ],
        thresholds: [
          {
            name: 'elephant',
            flow: 'tcp',
            value: 125_000.5,
            detector: 'ewma',
            condition: 'above',
            rearmMs: 60_000,
            byFlow: true,
            exemptTargets: false,
          },
        ],
        armings: [],
      },
    ]);
    expect((await ask('DELETE', '/threshold/elephant/json')).status).toBe(204);
    expect((await ask('DELETE', '/flow/tcp/json')).status).toBe(204);
    expect(collector.subscriptions.get('rest')?.flows.map(({ name }) => name)).toEqual(['all']);
    await ask('DELETE', '/flow/all/json');
    expect(collector.subscriptions.size).toBe(0);
  });

  test('GET gives back what was put, coerced, with what was taken where nothing was', async () => {
    await ask('PUT', '/flow/tcp/json', { ...tcp, log: 'true', t: '1000', n: 1, activeTimeout: '' });
    const written = { ...tcp, n: 5, t: 600, fs: ',', log: true, flowStart: false, activeTimeout: 60 };
    expect(await ask('GET', '/flow/tcp/json')).toEqual({ status: 200, body: written });
    expect(await ask('GET', '/flow/json')).toEqual({ status: 200, body: { tcp: written } });
    await ask('PUT', '/threshold/ddos/json?byFlow=true', { metric: 'tcp', value: 100 });
    const threshold = { metric: 'tcp', value: 100, byFlow: true, timeout: 1 };
    expect(await ask('GET', '/threshold/ddos/json')).toEqual({ status: 200, body: threshold });
    expect(await ask('GET', '/threshold/json')).toEqual({ status: 200, body: { ddos: threshold } });
  });

  test('what GET gives back can be put again', async () => {
    await ask('PUT', '/flow/tcp/json', tcp);
    await ask('PUT', '/threshold/early/json', { metric: 'later', value: 1 });
    const [flow, threshold] = [await ask('GET', '/flow/tcp/json'), await ask('GET', '/threshold/early/json')];
    expect((await ask('PUT', '/flow/tcp/json', flow.body)).status).toBe(204);
    expect((await ask('PUT', '/threshold/early/json', threshold.body)).status).toBe(200);
  });

  test('a threshold may come before its flow, says so, and takes part once the flow is there', async () => {
    const answer = await ask('PUT', '/threshold/ddos/json', { metric: 'tcp', value: 100, name: 'ddos', flowName: 'tcp' });
    expect(answer).toEqual({ status: 200, body: { message: "threshold 'ddos' takes part once there is a flow 'tcp'" } });
    expect((await ask('GET', '/threshold/ddos/json')).body).toMatchObject({ waitingForFlow: 'tcp' });
    expect(collector.subscriptions.get('rest')).toBeUndefined();
    await ask('PUT', '/flow/tcp/json', tcp);
    expect(collector.subscriptions.get('rest')?.thresholds.map(({ name }) => name)).toEqual(['ddos']);
    expect((await ask('GET', '/threshold/ddos/json')).body).not.toHaveProperty('waitingForFlow');
    await ask('DELETE', '/flow/tcp/json');
    expect((await ask('GET', '/threshold/ddos/json')).body).toMatchObject({ waitingForFlow: 'tcp' });
  });

  test('relaxed JSON is read', async () => {
    expect((await ask('PUT', '/flow/pair/json', "{keys:'ipsource,ipdestination', value:'bytes'}")).status).toBe(204);
  });

  test('what the collector refuses is answered so, and was never there', async () => {
    await ask('PUT', '/flow/tcp/json', tcp);
    collector.refuse(new SquallError('InvalidInput', 'too many flows'));
    expect(await ask('PUT', '/flow/more/json', tcp)).toMatchObject({ status: 400, body: { message: 'too many flows' } });
    expect((await ask('GET', '/flow/more/json')).status).toBe(404);
    collector.refuse(new Error('the worker is gone'));
    expect((await ask('DELETE', '/flow/tcp/json')).status).toBe(204);
    expect((await ask('PUT', '/flow/more/json', tcp)).status).toBe(500);
    expect(logged).toEqual([expect.stringContaining('the worker is gone')]);
  });

  test('there are as many of a kind as the collector takes, and the limit is told as that of this API', async () => {
    const engine = createNetworkEngine({ startedAt: 0 });
    collector.put = async (subscription) => {
      engine.put(subscription, 0);
      await Promise.resolve();
    };
    for (let index = 0; index < 64; index += 1) {
      expect((await ask('PUT', `/flow/f${String(index)}/json`, {})).status).toBe(204);
    }
    expect(await ask('PUT', '/flow/last/json', {})).toMatchObject({
      status: 400,
      body: {
        message: expect.stringContaining("flows 'last': expected at most 64 flows of all clients of the REST API") as string,
      },
    });
    expect((await ask('PUT', '/flow/f7/json', tcp)).status).toBe(204);
  });
});

describe('bad input', () => {
  test.each<[string, string, unknown, number, RegExp]>([
    ['a key that is none', '/flow/x/json', { keys: 'ipsauce' }, 400, /flow 'x': flow key 'ipsauce': expected one of/],
    ['a function that needs a table', '/flow/x/json', { keys: 'country:ipsource' }, 400, /needs a table of countries/],
    ['a function that is none', '/flow/x/json', { keys: 'magic:ipsource' }, 400, /there is no function 'magic'/],
    ['brackets that do not close', '/flow/x/json', { keys: '[ipsource' }, 400, /flow 'x': .*expected a ']'/],
    ['a value that is no amount', '/flow/x/json', { value: 'ipsource' }, 400, /value 'ipsource': expected frames, bytes/],
    ['a prefix of a value', '/flow/x/json', { value: 'avg:bytes' }, 400, /value 'avg:bytes'/],
    ['a filter that is none', '/flow/x/json', { filter: 'ipprotocol' }, 400, /filter 'ipprotocol': expected/],
    ['discarded packets', '/flow/x/json', { dropped: 'true' }, 400, /flow 'x': dropped true: expected false/],
    ['IPFIX', '/flow/x/json', { ipfixCollectors: ['10.0.0.1'] }, 400, /ipfixCollectors \["10.0.0.1"\]: expected none/],
    ['more values', '/flow/x/json', { values: 'count:ipsource' }, 400, /values "count:ipsource": expected none/],
    ['another way to join data sources', '/flow/x/json', { aggMode: 'AGENT' }, 400, /aggMode "AGENT": expected none/],
    ['another separator', '/flow/x/json', { fs: '_' }, 400, /fs "_": expected ','/],
    ['t that is no number', '/flow/x/json', { t: '2s' }, 400, /flow 'x': t "2s": expected a number of seconds/],
    ['n that is no number', '/flow/x/json', { n: [5] }, 400, /flow 'x': n \[5\]: expected a number/],
    ['log that is no flag', '/flow/x/json', { log: 'yes' }, 400, /flow 'x': log "yes": expected true or false/],
    ['keys that are no text', '/flow/x/json', { keys: 7 }, 400, /flow 'x': keys 7: expected key names/],
    ['an attribute that is none', '/flow/x/json', { key: 'ipsource' }, 400, /flow 'x': there is no "key"; expected one of keys/],
    ['another name than the path has', '/flow/x/json', { name: 'y' }, 400, /name "y": expected "x"/],
    [
      'a threshold without a metric',
      '/threshold/x/json',
      { value: 1 },
      400,
      /threshold 'x': metric undefined: expected the name/,
    ],
    [
      'a threshold without a value',
      '/threshold/x/json',
      { metric: 'f' },
      400,
      /threshold 'x': value undefined: expected a number/,
    ],
    ['a negative value', '/threshold/x/json', { metric: 'f', value: -1 }, 400, /value -1: expected a number from 0/],
    ['a value that is no number', '/threshold/x/json', { metric: 'f', value: 'NaN' }, 400, /value "NaN": expected/],
    [
      'a filter by metrics of agents',
      '/threshold/x/json',
      { metric: 'f', value: 1, filter: { os_name: ['linux'] } },
      400,
      /threshold 'x': filter \{"os_name":\["linux"\]\}: expected none/,
    ],
    ['a timeout before now', '/threshold/x/json', { metric: 'f', value: 1, timeout: -1 }, 400, /timeout -1: expected seconds/],
    [
      'byFlow that is no flag',
      '/threshold/x/json',
      { metric: 'f', value: 1, byFlow: 2 },
      400,
      /byFlow 2: expected true or false/,
    ],
    ['byFlow of the query', '/threshold/x/json?byFlow=2', { metric: 'f', value: 1 }, 400, /query byFlow '2'/],
    [
      'another flow than the metric',
      '/threshold/x/json',
      { metric: 'f', flowName: 'g', value: 1 },
      400,
      /flowName "g": expected f, the metric/,
    ],
    ['a name with a slash', '/flow/a%2Fb/json', {}, 400, /flow name "a\/b": expected 1 to 512 letters/],
    ['a name that is too long', `/flow/${'a'.repeat(513)}/json`, {}, 400, /flow name "aaa/],
    ['a body that is a list', '/flow/x/json', [], 400, /body \[\]: expected an object/],
    ['a body that is no JSON', '/flow/x/json', '<html>', 400, /body "<html>": expected a value at character 1/],
    ['no body', '/flow/x/json', '', 400, /body "": expected a value/],
    ['a body that is too long', '/flow/x/json', `{keys:'${'a'.repeat(65_536)}'}`, 400, /body: expected at most 65536 bytes/],
    ['a query that is none', '/flow/x/json?force=true', {}, 400, /query "force" of .flow.\*.json: expected no query/],
    ['a path that is none', '/flow/x', {}, 404, /there is no "\/flow\/x" here; there are \/version/],
    ['a path that cannot be decoded', '/flow/%ff/json', {}, 400, /expected a path such as/],
    ['a list', '/flow/json', {}, 405, /answers GET, and the request is a PUT/],
  ])('PUT of %s is refused with a message', async (_what, path, body, status, message) => {
    const answer = await ask('PUT', path, body);
    expect(answer).toMatchObject({ status, body: { message: expect.stringMatching(message) as string } });
    expect((await ask('GET', '/flow/json')).body).toEqual({});
    expect((await ask('GET', '/threshold/json')).body).toEqual({});
  });

  test.each<[string, string, number, RegExp]>([
    ['GET', '/flow/none/json', 404, /there is no flow 'none'/],
    ['DELETE', '/flow/none/json', 404, /there is no flow 'none'/],
    ['GET', '/threshold/none/json', 404, /there is no threshold 'none'/],
    ['DELETE', '/threshold/none/json', 404, /there is no threshold 'none'/],
    ['POST', '/flow/none/json', 405, /answers GET, PUT, DELETE/],
    ['GET', '/activeflows/ALL/none/json', 404, /there is no flow "none"; only metrics of flows/],
    ['GET', '/metric/ALL/load_one/json', 404, /there is no flow "load_one"/],
    ['GET', '/metric/ALL/3.load_one/json', 404, /there is no flow "load_one"/],
    ['GET', '/metric/ALL/avg:tcp/json', 404, /there is no flow "avg:tcp"/],
    ['GET', '/metric/ALL/tcp/json?os_name=linux', 400, /query "os_name"/],
    ['GET', '/metric/;/tcp/json', 400, /agent ";": expected 1 to 16/],
    ['GET', '/activeflows/ALL/tcp/json?maxFlows=0', 400, /query maxFlows "0": expected a whole number from 1 to 1000/],
    ['GET', '/activeflows/ALL/tcp/json?minValue=much', 400, /query minValue "much": expected a number/],
    ['GET', '/activeflows/ALL/tcp/json?aggMode=edge', 400, /query aggMode "edge": expected max or sum/],
    ['GET', '/events/json?maxEvents=1e9', 400, /query maxEvents "1e9": expected a whole number from 1 to 10000/],
    ['GET', '/events/json?eventID=-2', 400, /query eventID "-2"/],
    ['GET', '/events/json?timeout=601', 400, /query timeout "601": expected a number from 0 to 600/],
    ['GET', '/flows/json', 404, /there is no "\/flows\/json" here/],
  ])('%s %s is answered with %i', async (method, path, status, message) => {
    await ask('PUT', '/flow/tcp/json', tcp);
    expect(await ask(method, path)).toMatchObject({ status, body: { message: expect.stringMatching(message) as string } });
  });

  test('a read-only server lets nobody change anything', async () => {
    await start({ readOnly: true });
    expect((await ask('PUT', '/flow/tcp/json', tcp)).status).toBe(403);
    expect((await ask('DELETE', '/flow/tcp/json')).status).toBe(403);
    expect((await ask('GET', '/flow/json')).status).toBe(200);
  });

  test('a client that does not go on asking is let go', async () => {
    await start({ limits: { slowClientMs: 100 } });
    const socket = connect(server?.address.port ?? 0, '127.0.0.1');
    socket.write('PUT /flow/tcp/json HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{');
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('error', () => undefined);
      socket.on('close', () => {
        resolve(text);
      });
    });
    expect(answer).toMatch(/^HTTP\/1.1 408/);
    expect((await ask('GET', '/flow/json')).body).toEqual({});
  });

  test('an address that is in use is said', async () => {
    await expect(startSflowRtServer({ collector, port: server?.address.port })).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('could not listen on 127.0.0.1 port') as string,
    });
  });
});

describe('events', () => {
  beforeEach(async () => {
    await ask('PUT', '/flow/tcp/json', tcp);
    await ask('PUT', '/threshold/ddos/json', { metric: 'tcp', value: 100 });
    await ask('PUT', '/threshold/other/json', { metric: 'tcp', value: 100 });
  });

  const ids = async (query: string) =>
    ((await ask('GET', `/events/json${query}`)).body as { eventID: number }[]).map(({ eventID }) => eventID);

  test('they have the fields of sFlow-RT, and numbers from 0', async () => {
    collector.cross({ threshold: 'ddos', at: 1_700_000_000_123 });
    expect((await ask('GET', '/events/json')).body).toEqual([
      {
        eventID: 0,
        timestamp: 1_700_000_000_123,
        thresholdID: 'ddos',
        name: 'ddos',
        metric: 'tcp',
        threshold: 100,
        value: 250.5,
        agent: '10.0.0.9',
        dataSource: '22',
        flowKey: '10.0.0.1,10.0.0.2',
      },
    ]);
  });

  test('the newest come first, of one threshold, after a number, as many as asked for', async () => {
    for (const threshold of ['ddos', 'other', 'ddos', 'ddos']) collector.cross({ threshold });
    collector.cross({ threshold: 'ddos', subscription: 'shop/traffic' });
    expect(await ids('')).toEqual([3, 2, 1, 0]);
    expect(await ids('?thresholdID=ddos')).toEqual([3, 2, 0]);
    expect(await ids('?thresholdID=ddos&maxEvents=2')).toEqual([3, 2]);
    expect(await ids('?thresholdID=ddos&thresholdID=other&eventID=0')).toEqual([3, 2, 1]);
    expect(await ids('?eventID=3')).toEqual([]);
    expect(await ids('?eventID=3&timeout=0.05')).toEqual([]);
  });

  test('a long poll is answered as soon as there is an event of its threshold', async () => {
    const waiting = ids('?thresholdID=ddos&eventID=-1&timeout=60');
    const asManifestsWrite = ids('?thresholdID=other&timeout=5s');
    await new Promise((resolve) => setTimeout(resolve, 50));
    collector.cross({ threshold: 'other' });
    expect(await asManifestsWrite).toEqual([0]);
    collector.cross({ threshold: 'ddos' });
    expect(await waiting).toEqual([1]);
  });

  test('a cursor of a former life of the process starts from the beginning', async () => {
    const waiting = ids('?eventID=0&timeout=60');
    await new Promise((resolve) => setTimeout(resolve, 50));
    collector.cross({ threshold: 'ddos' });
    expect(await waiting).toEqual([0]);
    expect(await ids('?eventID=500&timeout=60')).toEqual([0]);
  });

  test('so many events are kept, and so many clients may wait', async () => {
    await start({ limits: { mostEvents: 3, mostWaiting: 1 } });
    await ask('PUT', '/flow/tcp/json', tcp);
    await ask('PUT', '/threshold/ddos/json', { metric: 'tcp', value: 100 });
    const first = ids('?timeout=60');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await ask('GET', '/events/json?timeout=60')).toMatchObject({ status: 503, body: { code: 'Unavailable' } });
    for (let index = 0; index < 5; index += 1) collector.cross({ threshold: 'ddos' });
    expect(await first).toEqual([0]);
    expect(await ids('')).toEqual([4, 3, 2]);
  });

  test('a client that is gone makes room for another', async () => {
    await start({ limits: { mostWaiting: 1 } });
    const gone = new AbortController();
    const first = fetch(`${base}/events/json?timeout=60`, { signal: gone.signal }).catch(() => 'gone');
    await new Promise((resolve) => setTimeout(resolve, 50));
    gone.abort();
    expect(await first).toBe('gone');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await ask('GET', '/events/json?timeout=0.05')).status).toBe(200);
  });

  test('closing answers those that wait, and takes the definitions from the collector', async () => {
    const waiting = ask('GET', '/events/json?timeout=60');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await server?.close();
    server = undefined;
    expect(await waiting).toEqual({ status: 200, body: [] });
    expect(collector.subscriptions.size).toBe(0);
  });

  test('a threshold that is deleted has no more events', async () => {
    await ask('DELETE', '/threshold/ddos/json');
    collector.cross({ threshold: 'ddos' });
    expect(await ids('')).toEqual([]);
  });
});

describe('traffic', () => {
  beforeEach(async () => {
    collector.seen = {
      now: 5000,
      agents: [
        agentView('10.0.0.9', { lastDatagramAt: 4000, lost: 2, late: 1 }),
        agentView('10.0.0.9', { subAgent: 1, lastDatagramAt: 4900 }),
        agentView('10.0.0.8', { lastDatagramAt: 1000 }),
      ],
      flows: [
        { key: 'a,b', value: 250.5, agent: '10.0.0.9', dataSource: '22' },
        { key: 'c,d', value: 50, agent: '10.0.0.9', dataSource: '23' },
        { key: 'a,b', value: 240, agent: '10.0.0.8', dataSource: '1' },
      ],
    };
    await ask('PUT', '/flow/tcp/json', tcp);
  });

  test('agents are told by address, their sub-agents together', async () => {
    expect((await ask('GET', '/agents/json')).body).toEqual({
      '10.0.0.9': { sFlowDatagramsReceived: 20, sFlowDatagramsLost: 2, sFlowDatagramsOutOfOrder: 1, lastSeen: 100 },
      '10.0.0.8': { sFlowDatagramsReceived: 10, sFlowDatagramsLost: 0, sFlowDatagramsOutOfOrder: 0, lastSeen: 4000 },
    });
    expect(Object.keys((await ask('GET', '/agents/json?agent=10.0.0.8')).body as object)).toEqual(['10.0.0.8']);
  });

  test('active flows are the collector’s, as asked for', async () => {
    expect((await ask('GET', '/activeflows/ALL/tcp/json?maxFlows=2&minValue=60&aggMode=sum&_=1')).body).toEqual([
      { key: 'a,b', value: 250.5, agent: '10.0.0.9', dataSource: '22' },
      { key: 'a,b', value: 240, agent: '10.0.0.8', dataSource: '1' },
    ]);
    expect(collector.queries).toEqual([{ id: 'rest', flow: 'tcp', most: 2, least: 60, mode: 'sum' }]);
  });

  test('of several agents a flow is told once', async () => {
    const path = '/activeflows/10.0.0.8;10.0.0.9/tcp/json';
    expect((await ask('GET', path)).body).toEqual([
      { key: 'a,b', value: 250.5, agent: '10.0.0.9', dataSource: '22' },
      { key: 'c,d', value: 50, agent: '10.0.0.9', dataSource: '23' },
    ]);
    expect((await ask('GET', `${path}?aggMode=sum`)).body).toMatchObject([{ key: 'a,b', value: 490.5 }, { key: 'c,d' }]);
  });

  test.each<[string, object]>([
    ['/metric/ALL/tcp/json', { agent: '10.0.0.9', dataSource: '22', metricName: 'tcp', metricValue: 250.5, lastUpdate: 100 }],
    ['/metric/10.0.0.9/23.tcp/json', { dataSource: '23', metricName: '23.tcp', metricValue: 50 }],
    ['/metric/10.0.0.8/max:tcp/json', { agent: '10.0.0.8', metricValue: 240, topKeys: [{ key: 'a,b', value: 240 }] }],
    ['/metric/10.0.0.7/tcp/json', { metricName: 'tcp', metricValue: 0, topKeys: [] }],
  ])('%s is the value of the largest flow', async (path, metric) => {
    expect((await ask('GET', path)).body).toMatchObject([metric]);
  });

  test('metrics are the flows that are seen, and keys those that are understood', async () => {
    expect((await ask('GET', '/metrics/json')).body).toEqual({ tcp: 100 });
    expect((await ask('GET', '/metric/ALL/tcp,1.tcp/json')).body).toMatchObject([{ metricValue: 250.5 }, { metricValue: 240 }]);
    expect((await ask('GET', '/flowkeys/json')).body).toMatchObject({ ipsource: null, tcpdestinationport: null });
  });

  test('HEAD says as much as GET, without the body', async () => {
    const head = await fetch(`${base}/agents/json`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-type'), await head.text()]).toEqual([200, 'application/json', '']);
    expect(await ask('GET', '/version')).toEqual({ status: 200, body: '3.0-squall' });
  });
});

test.each<[string, SquallError]>([
  ['has ended', new SquallError('Unavailable', 'the sFlow collector has ended: its thread ended with 1')],
  ['does not answer', new SquallError('Unavailable', 'no answer within 2000 ms')],
])('a server over a collector that %s is closed all the same, and says what was left', async (_what, error) => {
  collector.remove = () => Promise.reject(error);
  await expect(server?.close()).resolves.toBeUndefined();
  server = undefined;
  expect(logged).toEqual([`the definitions of the REST API were not taken out: ${error.message}`]);
});

test('an unmodified client, curl, defines a flow and a threshold, and waits for the event', async () => {
  const flow = {
    flow: 'elephant',
    threshold: 'ddos',
    keys: 'ipsource,ipdestination',
    value: 'frames',
    limit: 100,
    waitSeconds: 20,
  };
  const session = await runCurlClient(base, flow, async () => {
    await new Promise((resolve) => setTimeout(resolve, 200));
    collector.seen.flows = [{ key: '10.0.0.1,10.0.0.2', value: 250.5, agent: '10.0.0.9', dataSource: '22' }];
    collector.cross({ threshold: 'ddos' });
  });
  expect(session.put.map(({ status }) => status)).toEqual([204, 204]);
  expect(session.events).toMatchObject([{ eventID: 0, thresholdID: 'ddos', metric: 'elephant', value: 250.5 }]);
  expect(JSON.parse(session.largest.body)).toMatchObject([
    { metricValue: 250.5, topKeys: [{ key: '10.0.0.1,10.0.0.2', value: 250.5 }] },
  ]);
  expect(session.removed.map(({ status }) => status)).toEqual([204, 204]);
  expect((await curl('GET', `${base}/flow/elephant/json`)).status).toBe(404);
});
