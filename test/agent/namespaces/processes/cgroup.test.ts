import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPodPlace } from '../../../../src/agent/namespaces/processes/cgroup.ts';

const uid = '8c1d2f3a-1b2c-4d5e-8f90-aabbccddeeff';
const escaped = uid.replaceAll('-', '_');
const hash = '0f0e0d0c0b0a09080706050403020100';
const id = 'a1'.repeat(32);
const other = 'b2'.repeat(32);

describe('readPodPlace', () => {
  const inContainer = { podUid: uid, container: id };
  it.each([
    ['cgroupfs, version 1, best effort', `8:pids:/kubepods/besteffort/pod${uid}/${id}`, inContainer],
    ['cgroupfs, version 2, burstable', `0::/kubepods/burstable/pod${uid}/${id}`, inContainer],
    ['cgroupfs, guaranteed: no class', `0::/kubepods/pod${uid}/${id}`, inContainer],
    [
      'systemd, containerd, burstable',
      `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${escaped}.slice/cri-containerd-${id}.scope`,
      inContainer,
    ],
    [
      'systemd, containerd, best effort',
      `0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${escaped}.slice/cri-containerd-${id}.scope`,
      inContainer,
    ],
    [
      'systemd, containerd, guaranteed',
      `0::/kubepods.slice/kubepods-pod${escaped}.slice/cri-containerd-${id}.scope`,
      inContainer,
    ],
    [
      'systemd, version 1',
      `4:memory:/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${escaped}.slice/cri-containerd-${id}.scope`,
      inContainer,
    ],
    ['CRI-O', `0::/kubepods.slice/kubepods-pod${escaped}.slice/crio-${id}.scope`, inContainer],
    ['CRI-O, a cgroup within', `0::/kubepods.slice/kubepods-pod${escaped}.slice/crio-${id}.scope/container`, inContainer],
    ['CRI-O, cgroupfs', `0::/kubepods/burstable/pod${uid}/crio-${id}`, inContainer],
    ['docker, cri-dockerd, systemd', `0::/kubepods.slice/kubepods-pod${escaped}.slice/docker-${id}.scope`, inContainer],
    ['docker, cri-dockerd, cgroupfs', `3:cpu,cpuacct:/kubepods/besteffort/pod${uid}/${id}`, inContainer],
    [
      'kubelet and runtime with different drivers',
      `0::/system.slice/containerd.service/kubepods-burstable-pod${escaped}.slice:cri-containerd:${id}`,
      inContainer,
    ],
    [
      'kind',
      `0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod${escaped}.slice/cri-containerd-${id}.scope`,
      inContainer,
    ],
    [
      'kind, seen from its host',
      `0::/system.slice/docker-${other}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${escaped}.slice/cri-containerd-${id}.scope`,
      inContainer,
    ],
    ['minikube on docker, version 1', `5:devices:/docker/${other}/kubelet/kubepods/burstable/pod${uid}/${id}`, inContainer],
    ['k3s', `0::/kubepods/besteffort/pod${uid}/${id}`, inContainer],
    ['k3s as a service of its own', `0::/system.slice/k3s.service/kubepods/burstable/pod${uid}/${id}`, inContainer],
    [
      'rke2',
      `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${escaped}.slice/cri-containerd-${id}.scope`,
      inContainer,
    ],
    ['a cgroup namespace, cgroupfs', `0::/../../pod${uid}/${id}`, inContainer],
    ['a cgroup namespace, systemd', `0::/../kubepods-burstable-pod${escaped}.slice/cri-containerd-${id}.scope`, inContainer],
    [
      'a cgroup namespace, another class',
      `0::/../../../kubepods-besteffort.slice/kubepods-besteffort-pod${escaped}.slice/cri-containerd-${id}.scope`,
      inContainer,
    ],
    [
      'a node that is a pod itself: the inner pod',
      `0::/kubepods/pod${hash}/${other}/kubelet/kubepods/pod${uid}/${id}`,
      inContainer,
    ],
    ['a static pod, cgroupfs', `0::/kubepods/burstable/pod${hash}/${id}`, { podUid: hash, container: id }],
    [
      'a static pod, systemd',
      `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${hash}.slice/cri-containerd-${id}.scope`,
      { podUid: hash, container: id },
    ],
    ['the pod, but no container', `0::/kubepods.slice/kubepods-pod${escaped}.slice`, { podUid: uid, container: undefined }],
    [
      'several hierarchies, some without the pod',
      `12:rdma:/\n11:blkio:/system.slice\n8:pids:/kubepods/besteffort/pod${uid}/${id}\n1:name=systemd:/kubepods/besteffort/pod${uid}/${id}\n0::/\n`,
      inContainer,
    ],
    ['a mixed machine whose version 2 alone names it', `2:cpu:/\n0::/kubepods/pod${uid}/${id}\n`, inContainer],
  ])('reads %s', (_, text, place) => {
    expect(readPodPlace(text)).toEqual(place);
  });

  it.each([
    ['nothing', ''],
    ['the root', '0::/\n'],
    ['the kubelet', '0::/system.slice/kubelet.service'],
    ['the runtime', '0::/system.slice/containerd.service'],
    ["CRI-O's monitor, systemd", `0::/kubepods.slice/kubepods-pod${escaped}.slice/crio-conmon-${id}.scope`],
    ["CRI-O's monitor, cgroupfs", `0::/kubepods/burstable/pod${uid}/crio-conmon-${id}`],
    ['a container without a pod', `0::/docker/${id}`],
    ['a pod of podman', `0::/machine.slice/machine-libpod_pod_${id}.slice/libpod-${id}.scope`],
    ["somebody's folder", '0::/user.slice/podman-pod.slice'],
    ['a uid that is too long', `0::/kubepods/pod${uid}0/${id}`],
    ['a uid in upper case', `0::/kubepods/pod${uid.toUpperCase()}/${id}`],
    ['a uid with both separators', `0::/kubepods/pod${uid.replace('-', '_')}/${id}`],
    ['a word that ends in pod', `0::/kubepods/tripod${uid}/${id}`],
    ['the name within a word', `0::/kubepods/pod${uid}x/${id}`],
  ])('takes %s for no pod', (_, text) => {
    expect(readPodPlace(text)).toBeUndefined();
  });

  it('reads any text without failing, and finds a pod behind any prefix', () => {
    const part = fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/);
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), fc.string(), (parts, noise) => {
        readPodPlace(noise);
        const path = [...parts, `pod${uid}`, id].join('/');
        expect(readPodPlace(`${noise.replaceAll(/[0-9]/g, '')}\n0::/${path}\n`)).toEqual(inContainer);
      }),
    );
  });
});
