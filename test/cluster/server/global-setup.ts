/** One control plane for all test files; those that stop the API server start one of their own. */
import type { TestProject } from 'vitest/node';
import { type SharedPlane, startControlPlane } from './control-plane.ts';

declare module 'vitest' {
  // Only an interface can be added to.
  // eslint-disable-next-line @typescript-eslint/consistent-type-definitions
  export interface ProvidedContext {
    controlPlane: SharedPlane;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const plane = await startControlPlane((text) => {
    console.log(text);
  });
  const { url, ca, token, kubeconfig, programs } = plane;
  project.provide('controlPlane', { url, ca, token, kubeconfig, programs });
  return async () => {
    await plane[Symbol.asyncDispose]();
  };
}
