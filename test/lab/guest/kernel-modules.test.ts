import { describe, expect, it } from 'vitest';
import { loadOrder, moduleName, parseModuleDependencies } from '../../../src/lab/guest/kernel-modules.ts';

const text = `kernel/fs/fuse/virtiofs.ko: kernel/fs/fuse/fuse.ko kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko
kernel/fs/fuse/fuse.ko:
kernel/fs/overlayfs/overlay.ko.xz:
kernel/drivers/virtio/virtio.ko:
kernel/drivers/virtio/virtio_ring.ko: kernel/drivers/virtio/virtio.ko
kernel/drivers/virtio/virtio-pci.ko: kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko
`;
const dependencies = parseModuleDependencies(text);

describe('moduleName', () => {
  it.each([
    ['kernel/fs/fuse/fuse.ko', 'fuse'],
    ['kernel/drivers/virtio/virtio-pci.ko', 'virtio_pci'],
    ['kernel/fs/overlayfs/overlay.ko.xz', 'overlay'],
  ])('of %s is %s', (file, name) => {
    expect(moduleName(file)).toBe(name);
  });
});

describe('loadOrder', () => {
  it.each([
    { names: ['fuse'], order: ['fuse'] },
    { names: ['overlay', 'fuse'], order: ['overlay', 'fuse'] },
    { names: ['virtiofs'], order: ['fuse', 'virtio', 'virtio_ring', 'virtiofs'] },
    { names: ['virtio_pci', 'virtiofs'], order: ['virtio', 'virtio_ring', 'virtio_pci', 'fuse', 'virtiofs'] },
    { names: ['ext4', 'fuse'], order: ['fuse'] },
  ])('of $names puts what a module needs before it', ({ names, order }) => {
    expect(loadOrder(names, dependencies, 'kernel/fs/ext4/ext4.ko\n').map(moduleName)).toEqual(order);
  });

  it('refuses a module that the kernel does not have', () => {
    expect(() => loadOrder(['sch_netem'], dependencies)).toThrow("no module 'sch_netem'");
  });

  it('refuses modules that depend on each other', () => {
    expect(() => loadOrder(['a'], parseModuleDependencies('a.ko: b.ko\nb.ko: a.ko\n'))).toThrow('depends on itself');
  });
});
