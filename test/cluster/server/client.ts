/** How test files talk to the control plane that all of them share. */
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { inject } from 'vitest';
import { type ProgramResult, runProgram } from '../../../src/lib/index.ts';
import { createStore, type Store, transportFor } from '../../../src/store/index.ts';
import type { SharedPlane } from './control-plane.ts';
import { bearer } from './kubeconfig.ts';

export type Client = Disposable & {
  url: string;
  store: Store;
  /** The program helm, and the environment that makes both tools talk to this server. */
  helm: string;
  env: NodeJS.ProcessEnv;
  /** Runs kubectl, `input` on its standard input. */
  kubectl(args: readonly string[], input?: string): Promise<ProgramResult>;
  /** A request as it is, with a JSON body. */
  send(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: object,
  ): Promise<{ code: number; body: unknown }>;
  /** kubectl; rejects with what kubectl said when it fails. */
  must(args: readonly string[], input?: string): Promise<string>;
};

/** The user who may do everything, on the shared control plane or on one of the test's own. */
export function adminOf(plane: SharedPlane = inject('controlPlane')): Client {
  const { url, token, kubeconfig, programs } = plane;
  const env = { PATH: process.env.PATH, HOME: dirname(kubeconfig), KUBECONFIG: kubeconfig };
  const kubectl: Client['kubectl'] = async (args, input) =>
    await runProgram(programs.kubectl, args, { env, input, timeoutMs: 120_000 });
  const transport = transportFor(bearer(plane, token));
  const store = createStore(transport);
  return {
    url,
    store,
    helm: programs.helm,
    env,
    kubectl,
    send: async (method, path, body) => {
      const headers = { 'content-type': 'application/json' };
      const signal = AbortSignal.timeout(30_000);
      const response = await transport.send({ method, path, headers, signal, body: body && JSON.stringify(body) });
      return { code: response.statusCode ?? 0, body: JSON.parse(await text(response)) as unknown };
    },
    must: async (args, input) => {
      const { code, stdout, stderr } = await kubectl(args, input);
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${String(code)}: ${stderr}`);
      return stdout;
    },
    [Symbol.dispose]: () => {
      store.close();
    },
  };
}
