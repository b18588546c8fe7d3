import { open, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { randomUUID } from 'node:crypto';
import { type BoundProcess, startBound } from './bound-process.ts';
import type { FileShare } from './file-share.ts';
import type { GuestImage } from './guest-image.ts';
import { ports } from './init-scripts.ts';

export type Accelerator = 'kvm' | 'tcg';

export type MachinePlan = {
  accelerator: Accelerator;
  memoryMb: number;
  processors: number;
  /** virtiofs tags, in the order of their sockets. */
  shares: readonly string[];
  /** The command's output goes to a console that the guest sees as a terminal. */
  terminal: boolean;
  /** It has a network card, behind which is only this machine's loopback. @default false */
  network?: boolean;
};

/** A running QEMU; the streams are this side of its ports. */
export type Machine = {
  process: BoundProcess;
  console: Duplex;
  control: Duplex;
  stdout: Duplex;
  stderr: Duplex;
  link: Duplex;
};

/** Descriptors that QEMU inherits, after stdin, stdout and stderr. */
const descriptors = { ramdisk: 3, console: 4, control: 5, stdout: 6, stderr: 7, link: 8, firstShare: 9 } as const;

/**
 * Five levels of page tables, and what protects a kernel from its own programs, cost an emulator a fifth of its speed: every program
 * that starts pays for them.
 */
const emulatedProcessor = 'max,la57=off,smap=off,smep=off,pku=off';

/**
 * QEMU's arguments. Every connection is an inherited descriptor: no socket has a name, so that none can be left behind.
 * Boot time without it is 2 s longer: nokaslr and cryptomgr.notests save work that a throw-away machine does not need.
 */
export function machineArguments(image: GuestImage, plan: MachinePlan): string[] {
  const memory = `${String(plan.memoryMb)}M`;
  const cpu = plan.accelerator === 'kvm' ? 'host' : emulatedProcessor;
  const accelerator = plan.accelerator === 'kvm' ? 'kvm' : 'tcg,thread=multi';
  const portDevices = [
    ...['-device', 'virtio-serial-pci'],
    ...socketDevice('control', descriptors.control, `virtserialport,name=${ports.control}`),
    ...socketDevice('stdout', descriptors.stdout, plan.terminal ? 'virtconsole' : `virtserialport,name=${ports.stdout}`),
    ...socketDevice('stderr', descriptors.stderr, `virtserialport,name=${ports.stderr}`),
    ...socketDevice('link', descriptors.link, `virtserialport,name=${ports.link}`),
  ];
  const shareDevices = plan.shares.flatMap((tag, index) => [
    ...['-chardev', `socket,id=share${String(index)},fd=${String(descriptors.firstShare + index)}`],
    ...['-device', `vhost-user-fs-pci,chardev=share${String(index)},tag=${tag}`],
  ]);
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-rtc', 'base=utc'],
    ...['-L', join(image.folder, 'root/usr/share/qemu'), '-L', join(image.folder, 'root/usr/share/seabios')],
    ...['-L', '/usr/share/qemu', '-L', '/usr/share/seabios'],
    ...['-accel', accelerator, '-cpu', cpu, '-smp', String(plan.processors), '-m', memory],
    // virtiofsd reads and writes the guest's memory itself.
    ...['-object', `memory-backend-memfd,id=memory,size=${memory},share=on`, '-numa', 'node,memdev=memory'],
    ...['-chardev', `socket,id=console,fd=${String(descriptors.console)}`, '-serial', 'chardev:console'],
    ...['-kernel', image.kernel, '-initrd', `/dev/fd/${String(descriptors.ramdisk)}`],
    ...['-append', 'console=ttyS0 quiet panic=-1 mitigations=off nokaslr cryptomgr.notests'],
    ...portDevices,
    ...shareDevices,
    // Without a boot ROM, which not every QEMU package has.
    ...(plan.network ? ['-netdev', 'user,id=network', '-device', 'virtio-net-pci,netdev=network,romfile='] : []),
  ];
}

function socketDevice(id: string, descriptor: number, device: string): string[] {
  return ['-chardev', `socket,id=${id},fd=${String(descriptor)}`, '-device', `${device},chardev=${id}`];
}

/** As many as the machine has, up to four: more do not speed up what the guest is for. */
export function processorCount(available: number = availableParallelism()): number {
  return Math.max(1, Math.min(4, available));
}

/** Starts QEMU. It is killed when this process ends; the shares' sockets are QEMU's alone afterwards. */
export async function startMachine(
  image: GuestImage,
  plan: MachinePlan,
  ramdisk: Uint8Array,
  shares: readonly FileShare[],
): Promise<Machine> {
  const file = join(image.folder, `ramdisk-${randomUUID()}`);
  const handle = await open(file, 'wx+', 0o600);
  try {
    await rm(file); // QEMU reads it by its descriptor.
    await handle.writeFile(ramdisk);
    const stdio = [
      'ignore',
      'ignore',
      'pipe',
      handle.fd,
      'pipe',
      'pipe',
      'pipe',
      'pipe',
      'pipe',
      ...shares.map(({ socket }) => socket),
    ] as const;
    const process = startBound(image.qemu, machineArguments(image, plan), [...stdio], { LD_LIBRARY_PATH: image.libraryPath });
    const streamAt = (descriptor: number) => {
      const stream = process.child.stdio[descriptor] as Duplex;
      // A machine that ends while we write to it resets the connection; its end is reported by `process.ended`.
      stream.on('error', () => undefined);
      return stream;
    };
    return {
      process,
      console: streamAt(descriptors.console),
      control: streamAt(descriptors.control),
      stdout: streamAt(descriptors.stdout),
      stderr: streamAt(descriptors.stderr),
      link: streamAt(descriptors.link),
    };
  } finally {
    await handle.close();
    for (const { socket } of shares) socket.destroy();
  }
}
