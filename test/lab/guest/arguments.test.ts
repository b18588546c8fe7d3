import { describe, expect, it } from 'vitest';
import { guestEnvironment } from '../../../src/lab/guest/environment.ts';
import { daemonArguments } from '../../../src/lab/guest/file-share.ts';
import { guestCacheFolder, type GuestImage } from '../../../src/lab/guest/guest-image.ts';
import { machineArguments, processorCount } from '../../../src/lab/guest/machine.ts';

const image: GuestImage = {
  folder: '/cache/machine-1',
  kernelVersion: '6.1.0',
  kernel: '/cache/vmlinuz',
  modulesFolder: '/cache/lib/modules',
  qemu: '/cache/qemu',
  shareDaemon: '/cache/virtiofsd',
  busybox: '/cache/busybox',
  tools: '/cache/tools',
  libraryPath: '/cache/lib',
  sizes: {},
};

describe('machineArguments', () => {
  it.each([
    ['kvm', 'kvm', 'host'],
    ['tcg', 'tcg,thread=multi', 'max,la57=off,smap=off,smep=off,pku=off'],
  ] as const)('with %s asks for accelerator %s and processor %s', (accelerator, expected, cpu) => {
    const args = machineArguments(image, { accelerator, memoryMb: 512, processors: 2, shares: [], terminal: false });
    expect(args[args.indexOf('-accel') + 1]).toBe(expected);
    expect(args[args.indexOf('-cpu') + 1]).toBe(cpu);
  });

  it('gives each shared folder a descriptor of its own, in order', () => {
    const plan = { accelerator: 'tcg', memoryMb: 512, processors: 1, shares: ['root', 'writable0'], terminal: false } as const;
    const args = machineArguments(image, plan).join(' ');
    expect(args).toContain('socket,id=link,fd=8 -device virtserialport,name=squall.link,chardev=link');
    expect(args).toContain('socket,id=share0,fd=9 -device vhost-user-fs-pci,chardev=share0,tag=root');
    expect(args).toContain('socket,id=share1,fd=10 -device vhost-user-fs-pci,chardev=share1,tag=writable0');
  });

  it.each([true, false])('has a network card only where the guest is to reach this machine: %s', (network) => {
    const plan = { accelerator: 'tcg', memoryMb: 512, processors: 1, shares: [], terminal: false, network } as const;
    expect(machineArguments(image, plan).join(' ').includes('virtio-net-pci')).toBe(network);
  });

  it.each([
    [false, 'virtserialport,name=squall.stdout,chardev=stdout'],
    [true, 'virtconsole,chardev=stdout'],
  ])('with a terminal %s sends output to %s', (terminal, device) => {
    const plan = { accelerator: 'tcg', memoryMb: 512, processors: 1, shares: [], terminal } as const;
    expect(machineArguments(image, plan)).toContain(device);
  });
});

describe('processorCount', () => {
  it.each([
    [1, 1],
    [2, 2],
    [64, 4],
  ])('of %i is %i', (available, count) => {
    expect(processorCount(available)).toBe(count);
  });
});

describe('daemonArguments', () => {
  it.each([
    ['/r/usr/lib/qemu/virtiofsd', true, ['source=/srv', 'cache=always']],
    ['/r/usr/lib/qemu/virtiofsd', false, ['source=/srv', 'cache=auto']],
    ['/r/usr/libexec/virtiofsd', true, ['--shared-dir=/srv', '--cache=always']],
  ])('speaks the options of %s', (program, unchanging, expected) => {
    expect(daemonArguments(program, '/srv', 3, unchanging)).toEqual(expect.arrayContaining(['--fd=3', ...expected]));
  });
});

describe('guestCacheFolder', () => {
  it.each([
    [{ SQUALL_GUEST_CACHE: '/big/disk', XDG_CACHE_HOME: '/x' }, '/big/disk'],
    [{ XDG_CACHE_HOME: '/x' }, '/x/squall-guest'],
  ])('of %o is %s', (env, folder) => {
    expect(guestCacheFolder(env)).toBe(folder);
  });
});

describe('guestEnvironment', () => {
  it('leaves out what names sockets and displays of this machine, and what is not set', () => {
    const env = { HOME: '/root', DISPLAY: ':0', SSH_AUTH_SOCK: '/tmp/agent', EMPTY: '', UNSET: undefined };
    expect(guestEnvironment(env)).toEqual({ HOME: '/root', EMPTY: '' });
  });
});
