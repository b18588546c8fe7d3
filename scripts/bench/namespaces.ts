/** Network namespaces to put faults into, each with an eth0 whose other end is beside it. */
import { runProgram } from '../../src/lib/index.ts';

export type BenchNamespaces = { paths: string[]; remove: () => Promise<void> };

export async function createNamespaces(count: number): Promise<BenchNamespaces> {
  const names = Array.from({ length: count }, (_, index) => `bench-${String(process.pid)}-${String(index)}`);
  const batch = async (lines: readonly string[]) => {
    const { code, stderr } = await runProgram('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n`, timeoutMs: 120_000 });
    if (code !== 0) throw new Error(`ip: ${stderr}`);
  };
  const remove = async () => {
    await batch(names.map((name) => `netns del ${name}`));
  };
  await batch(names.map((name) => `netns add ${name}`));
  try {
    await batch(names.map((name) => `link add eth0 netns ${name} type veth peer name eth1 netns ${name}`));
  } catch (error) {
    await remove();
    throw error;
  }
  return { paths: names.map((name) => `/run/netns/${name}`), remove };
}
