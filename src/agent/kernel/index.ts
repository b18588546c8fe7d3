/**
 * The kernel driver: the only code that changes qdiscs and nftables of targets. Namespaces and fault works come in, through the port
 * of src/agent/kernel-driver.ts. Faults in the kernel go out, held by leases, recorded before they exist and proven undone after.
 */
export { createKernelDriver, type KernelDriverOptions, type LocalKernelDriver } from './driver.ts';
export { loadNft, type RunNft } from './in-process-nft.ts';
