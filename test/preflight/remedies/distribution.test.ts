import { describe, expect, it } from 'vitest';
import { recogniseDistribution, type SystemFacts } from '../../../src/preflight/index.ts';

const common = { osRelease: undefined, kernelRelease: '6.1.0-56-cloud-amd64', paths: [] };

describe('a distribution', () => {
  it.each<[string, SystemFacts, string]>([
    ['by its id', { ...common, osRelease: 'NAME="Debian GNU/Linux"\nID=debian\n' }, 'debian'],
    ['by a quoted id', { ...common, osRelease: 'ID="amzn"\nID_LIKE="fedora"\nVERSION_ID="2023"\n' }, 'amazon-linux'],
    ['by what it is like', { ...common, osRelease: 'ID=pop\nID_LIKE="ubuntu debian"\n' }, 'ubuntu'],
    ['of the RHEL family', { ...common, osRelease: `ID="rocky"\nID_LIKE="rhel centos fedora"\n` }, 'rhel'],
    ['Bottlerocket', { ...common, osRelease: 'NAME=Bottlerocket\nID=bottlerocket\nVARIANT_ID=aws-k8s-1.31\n' }, 'bottlerocket'],
    ['Flatcar', { ...common, osRelease: `ID=flatcar\nID_LIKE=coreos\n` }, 'flatcar'],
    ['Container-Optimized OS', { ...common, osRelease: 'NAME="Container-Optimized OS"\nID=cos\n' }, 'cos'],
    ['Talos', { ...common, osRelease: 'NAME="Talos"\nID=talos\n' }, 'talos'],
    ['a node of kind, whatever is inside', { ...common, osRelease: 'ID=debian\n', paths: ['/kind'] }, 'kind'],
    ['a node of minikube, made from an image of kind', { ...common, paths: ['/kind', '/var/lib/minikube'] }, 'minikube'],
    ['WSL2 by its kernel', { osRelease: 'ID=ubuntu\n', kernelRelease: '5.15.153.1-microsoft-standard-WSL2', paths: [] }, 'wsl2'],
    ['kind in WSL2', { osRelease: undefined, kernelRelease: '6.6.36.3-microsoft-standard-WSL2', paths: ['/kind'] }, 'wsl2'],
    ['nobody knows', { ...common, osRelease: 'ID=nixos\n' }, 'other'],
    ['without an os-release', common, 'other'],
    ['with a torn os-release', { ...common, osRelease: 'ID\n="debian"\nID_LIKE=' }, 'other'],
  ])('is recognised: %s', (_, facts, expected) => {
    expect(recogniseDistribution(facts)).toBe(expected);
  });
});
