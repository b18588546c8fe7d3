import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { connectToCluster } from '../../src/cluster/index.ts';
import { codeOf, messageOf } from '../../src/lib/index.ts';
import { createStore } from '../../src/store/index.ts';
import { experiments } from '../../src/control/index.ts';
import { makeCertificates } from './certificates.ts';

type Asked = { authorization: string | undefined; impersonated: string | undefined; client: string | undefined };
type Authenticate = (asked: Asked) => boolean;

const folder = mkdtempSync(join(tmpdir(), 'squall-cluster-'));
const serverName = 'kubernetes.test';
let certificates: Awaited<ReturnType<typeof makeCertificates>>;
let server: Server;
let url: string;
let asked: Asked[] = [];
let authenticate: Authenticate = () => true;

beforeAll(async () => {
  certificates = await makeCertificates(folder, serverName, 'ada');
  const { ca, server: own } = certificates;
  server = createServer({ ...own, ca, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const { subject } = peerOf(request.socket);
    const one = {
      authorization: request.headers.authorization,
      impersonated: request.headers['impersonate-user'] as string | undefined,
      client: subject?.CN,
    };
    asked.push(one);
    if (authenticate(one)) response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [] }));
    else response.writeHead(401).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}, 60_000);
afterEach(() => {
  asked = [];
  authenticate = () => true;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
});

function peerOf(socket: object): { subject?: { CN: string } } {
  if (!(socket instanceof TLSSocket)) throw new Error('expected a connection with TLS');
  return socket.getPeerCertificate();
}

let files = 0;
function fileOf(content: unknown): string {
  files += 1;
  const file = join(folder, `kubeconfig-${String(files)}`);
  writeFileSync(file, typeof content === 'string' ? content : stringify(content));
  return file;
}

function kubeconfig(user: object, cluster: object = {}, name = 'main'): Record<string, unknown> {
  const trusted = {
    server: url,
    'certificate-authority-data': Buffer.from(certificates.ca).toString('base64'),
    'tls-server-name': serverName,
  };
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { ...trusted, ...cluster } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: `${name}-space` } }],
    'current-context': name,
  };
}

async function listThrough(choice: Parameters<typeof connectToCluster>[0]): Promise<string> {
  const { transport } = await connectToCluster(choice);
  const store = createStore(transport);
  try {
    await store.list(experiments);
    return 'fulfilled';
  } catch (error) {
    return codeOf(error);
  } finally {
    store.close();
  }
}

async function refusalOf(choice: Parameters<typeof connectToCluster>[0]): Promise<string> {
  try {
    await connectToCluster(choice);
    return 'connected';
  } catch (error) {
    return `${codeOf(error)}: ${messageOf(error)}`;
  }
}

describe('who asks', () => {
  it('is told by a token', async () => {
    const file = fileOf(kubeconfig({ token: 'secret' }));
    expect(await listThrough({ kubeconfig: file })).toBe('fulfilled');
    expect(asked).toEqual([{ authorization: 'Bearer secret', impersonated: undefined, client: undefined }]);
  });

  it('is told by a client certificate, and whom it stands for', async () => {
    writeFileSync(join(folder, 'relative.key'), certificates.client.key);
    const data = Buffer.from(certificates.client.cert).toString('base64');
    const file = fileOf(kubeconfig({ 'client-certificate-data': data, 'client-key': 'relative.key', as: 'grace' }));
    expect(await listThrough({ kubeconfig: file })).toBe('fulfilled');
    expect(asked).toEqual([{ authorization: undefined, impersonated: 'grace', client: 'ada' }]);
  });

  it('is told by name and password', async () => {
    const file = fileOf(kubeconfig({ username: 'ada', password: 'pass' }));
    expect(await listThrough({ kubeconfig: file })).toBe('fulfilled');
    expect(asked[0]?.authorization).toBe(`Basic ${Buffer.from('ada:pass').toString('base64')}`);
  });

  it('is told by a file of a token, which is read again when the server refuses', async () => {
    writeFileSync(join(folder, 'token'), 'old\n');
    authenticate = ({ authorization }) => authorization === 'Bearer new';
    const { transport } = await connectToCluster({ kubeconfig: fileOf(kubeconfig({ tokenFile: 'token' })) });
    const store = createStore(transport);
    await expect(store.list(experiments)).rejects.toMatchObject({ code: 'PermissionDenied' });
    writeFileSync(join(folder, 'token'), 'new\n');
    await store.list(experiments);
    expect(asked.at(-1)?.authorization).toBe('Bearer new');
    store.close();
  });

  it('is told by a plugin, which is asked again when the server refuses', async () => {
    const counter = join(folder, 'asked');
    writeFileSync(counter, '');
    const script =
      `require('fs').appendFileSync(${JSON.stringify(counter)}, 'x');` +
      `const n = require('fs').readFileSync(${JSON.stringify(counter)}).length;` +
      `const { apiVersion } = JSON.parse(process.env.KUBERNETES_EXEC_INFO);` +
      `console.log(JSON.stringify({ apiVersion, kind: 'ExecCredential', status: { token: 'number-' + n } }))`;
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: ['-e', script] };
    authenticate = ({ authorization }) => authorization === 'Bearer number-2';
    expect(await listThrough({ kubeconfig: fileOf(kubeconfig({ exec })) })).toBe('fulfilled');
    expect(asked.map(({ authorization }) => authorization)).toEqual(['Bearer number-1', 'Bearer number-2']);
  });

  it('cannot be told by a plugin that fails', async () => {
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: '/bin/false' };
    expect(await listThrough({ kubeconfig: fileOf(kubeconfig({ exec })) })).toBe('Unavailable');
    expect(asked).toEqual([]);
  });
});

describe('the server', () => {
  it.each([
    ['has the certificate of another name', { 'tls-server-name': 'other.test' }, 'Unavailable'],
    ['is trusted by nobody that is named', { 'certificate-authority-data': undefined }, 'Unavailable'],
    [
      'is trusted by nobody, but need not be',
      { 'certificate-authority-data': undefined, 'insecure-skip-tls-verify': true },
      'fulfilled',
    ],
  ])('that %s', async (_what, cluster, expected) => {
    expect(await listThrough({ kubeconfig: fileOf(kubeconfig({}, cluster)) })).toBe(expected);
  });
});

describe('a kubeconfig', () => {
  it('says server and namespace', async () => {
    const { server: address, namespace } = await connectToCluster({ kubeconfig: fileOf(kubeconfig({})) });
    expect([address, namespace]).toEqual([url, 'main-space']);
  });

  it.each([
    [
      'a proxy',
      () => kubeconfig({}, { 'proxy-url': 'http://proxy' }),
      /^NotImplemented: cluster 'main': proxy-url http:\/\/proxy/,
    ],
    ['groups to stand for', () => kubeconfig({ 'as-groups': ['a'] }), /^NotImplemented: .*users\[main\]\.as-groups/],
    ['plain http', () => kubeconfig({}, { server: 'http://host' }), /^InvalidInput: .*expected https/],
    ['no URL', () => kubeconfig({}, { server: 'host' }), /^InvalidInput: .*server 'host': expected a URL/],
    ['a cluster that is not there', () => ({ ...kubeconfig({}), clusters: [] }), /names the cluster 'main', which is not there/],
    ['a user that is not there', () => ({ ...kubeconfig({}), users: [] }), /names the user 'main', which is not there/],
    ['no current context', () => ({ ...kubeconfig({}), 'current-context': '' }), /context '': expected one of .*: main$/],
    ['no certificate where it names one', () => kubeconfig({}, { 'certificate-authority': 'nowhere' }), /nowhere cannot be read/],
    ['no YAML', () => '{', /^InvalidInput: .*expected a kubeconfig file/],
  ])('with %s is refused', async (_what, content, expected) => {
    expect(await refusalOf({ kubeconfig: fileOf(content()) })).toMatch(expected);
  });

  it('is looked for where kubectl looks: given, in KUBECONFIG, in the home folder', async () => {
    const home = join(folder, 'home');
    mkdirSync(join(home, '.kube'), { recursive: true });
    writeFileSync(join(home, '.kube', 'config'), stringify(kubeconfig({}, {}, 'home')));
    const [given, named] = [fileOf(kubeconfig({}, {}, 'given')), fileOf(kubeconfig({}, {}, 'named'))];
    const namespaceOf = async (choice: Parameters<typeof connectToCluster>[0]): Promise<string> =>
      (await connectToCluster(choice)).namespace;
    expect(await namespaceOf({ env: { HOME: home } })).toBe('home-space');
    expect(await namespaceOf({ env: { HOME: home, KUBECONFIG: named } })).toBe('named-space');
    expect(await namespaceOf({ kubeconfig: given, env: { HOME: home, KUBECONFIG: named } })).toBe('given-space');
    expect(await refusalOf({ env: { HOME: folder } })).toMatch(/^InvalidInput: no cluster is known.*--kubeconfig/);
    expect(await refusalOf({ kubeconfig: join(folder, 'nowhere'), env: {} })).toMatch(/expected a file, and there is none/);
    expect(await refusalOf({ env: { KUBECONFIG: join(folder, 'nowhere') } })).toMatch(/none of these files is there/);
  });

  it('of several files: the first that says something wins, and a file that is not there says nothing', async () => {
    const first = fileOf({ ...kubeconfig({ token: 'first' }), 'current-context': '' });
    const second = fileOf({ ...kubeconfig({ token: 'second' }), 'current-context': 'main' });
    const third = fileOf(kubeconfig({ token: 'third' }, {}, 'other'));
    const KUBECONFIG = [join(folder, 'nowhere'), first, second, third].join(':');
    await listThrough({ env: { KUBECONFIG } });
    await listThrough({ env: { KUBECONFIG }, context: 'other' });
    expect(asked.map(({ authorization }) => authorization)).toEqual(['Bearer first', 'Bearer third']);
    expect(await refusalOf({ env: { KUBECONFIG }, context: 'third' })).toMatch(/expected one of .*: main, other$/);
  });
});
