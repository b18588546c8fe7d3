/**
 * The guest machine: a small virtual machine over this machine's own files, for kernels that lack netem. In comes a command
 * with its folder and environment; it runs there as root, and what it prints, writes to shared folders and exits with comes out.
 * Nothing is installed: Debian packages are unpacked into a cache folder, and no process or socket outlives the caller.
 */
export {
  chooseKernel,
  gatherKernelFacts,
  type GuestMode,
  type KernelChoice,
  type KernelFacts,
  type NetemTrial,
} from './choose-kernel.ts';
export { guestEnvironment } from './environment.ts';
export { ensureGuestImage, findGuestImage, guestCacheFolder, type GuestImage } from './guest-image.ts';
export { hostAddress } from './init-scripts.ts';
export type { Forward } from './link/forward.ts';
export { type HostLink, openHostLink, type ServicePlace } from './link/port.ts';
export { neededSpace } from './packages.ts';
export { type Guest, type GuestOptions, runInGuest, startGuest } from './run-in-guest.ts';
