/**
 * Pods as a node has them: real processes in real network namespaces, with the pod's uid in their real cgroup path. Only the
 * kubelet and the container runtime are missing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants, existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

/** The tree of version 2, be it the only one or beside those of version 1. */
const tree = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((folder) => existsSync(join(folder, 'cgroup.procs')));

/** Pods can be made here: by root, where the tree may be written to. */
export const canMakePods = process.getuid?.() === 0 && tree !== undefined && isWritable(tree);

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

export type PodContainer = { pid: number; end(): Promise<void> };

export type NodePod = {
  uid: string;
  /**
   * Starts a process in a container of its own.
   * @param namespace a file that names its network namespace; absent: the node's own
   */
  startContainer(namespace?: string): Promise<PodContainer>;
  /** Ends every process and takes the cgroups away. */
  dispose(): Promise<void>;
};

/** With the systemd driver's names, as containerd writes them. */
export function createNodePod(): NodePod {
  const uid = randomUUID();
  const slice = join(tree ?? '', `squalltest-kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`);
  mkdirSync(slice);
  const containers: (PodContainer & { folder: string })[] = [];
  return {
    uid,
    startContainer: async (namespace) => {
      const folder = join(slice, `cri-containerd-${randomBytes(32).toString('hex')}.scope`);
      mkdirSync(folder);
      const enter = namespace === undefined ? '' : 'nsenter --net="$1" -- ';
      const script = `echo $$ > "$0/cgroup.procs" && exec ${enter}sh -c 'echo ready; exec sleep 600'`;
      const child = spawn('sh', ['-c', script, folder, namespace ?? ''], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      const container = {
        folder,
        pid: child.pid ?? NaN,
        end: async () => {
          await kill(child);
        },
      };
      containers.push(container);
      return container;
    },
    dispose: async () => {
      await Promise.all(containers.map((container) => container.end()));
      for (const { folder } of containers) rmdirSync(folder);
      rmdirSync(slice);
    },
  };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
