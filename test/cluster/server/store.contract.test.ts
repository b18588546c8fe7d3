import { storeContract } from '../../store/contract.ts';
import { adminOf } from './client.ts';
import { startControlPlane } from './control-plane.ts';
import { installDefinitions } from './install.ts';

storeContract('a real API server', async () => {
  // Of its own: the shipped policies let nobody but the operator write what the contract writes.
  const plane = await startControlPlane();
  const client = adminOf(plane);
  await installDefinitions(client);
  const namespaces = ['shop', 'bank'] as const;
  for (const name of namespaces) await client.must(['create', 'namespace', name]);
  return {
    store: client.store,
    namespaces,
    [Symbol.asyncDispose]: async () => {
      client[Symbol.dispose]();
      await plane[Symbol.asyncDispose]();
    },
  };
});
