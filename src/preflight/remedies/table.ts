/**
 * What to do about what a node lacks, by distribution. The one place for it: preflight, doctor and docs/remedies.md all read this table.
 * Each remedy names where its facts are from; without a source nobody has read one, and the page says so.
 */
import type { Distribution } from './distribution.ts';

/** What a node may lack. */
export const lacks = ['module', 'nftables', 'egress-hook', 'program', 'distribution-table'] as const;
export type Lack = (typeof lacks)[number];

/**
 * In texts `{module}` stands for the module's name, `{load}` for the command that loads it, `{program}` for a program and `{package}` for the package
 * that has it there.
 */
export type Remedy = { text: string; sources: readonly string[] };

const netemManual = 'https://man7.org/linux/man-pages/man8/tc-netem.8.html';
const modulesLoad = 'https://man7.org/linux/man-pages/man5/modules-load.d.5.html';
const nftablesFamilies = 'https://wiki.nftables.org/wiki-nftables/index.php/Nftables_families';
const nodeImages = 'https://cloud.google.com/kubernetes-engine/docs/concepts/node-images';
const bottlerocketKernel = 'https://bottlerocket.dev/en/os/1.24.x/api/settings/kernel';

const sharedKernel = 'the nodes are containers and have the kernel of the machine that runs them';
const guest = 'let Squall use its guest machine (--guest auto), where this is a single machine';

/** Where nothing is said of a distribution, what `other` has is right there, too. */
export const remedies: Record<Distribution, Partial<Record<Lack, Remedy>>> & { other: Record<Lack, Remedy> } = {
  other: {
    module: {
      text:
        "load it with '{load}'; where there is no such module, install the package that has it: linux-modules-extra-$(uname -r) on Ubuntu and its minimal images, " +
        'kernel-modules-extra on Fedora and RHEL, linux-image-amd64 or linux-image-cloud-amd64 on Debian (then reboot into it), on WSL2 a kernel of ' +
        `your own that has it; or ${guest}`,
      sources: ['https://github.com/chaosblade-io/chaosblade/issues/479'],
    },
    nftables: {
      text: "load the module with 'modprobe nf_tables'; Linux 5.2 or newer is needed for the inet family, and the package nftables for its program",
      sources: [nftablesFamilies],
    },
    'egress-hook': {
      text: 'Linux 5.16 or newer and nftables 1.0.1 or newer have the egress hook; hurt what comes in (direction: ingress) instead',
      sources: [nftablesFamilies],
    },
    program: { text: "install the package {package}, which has '{program}'", sources: [] },
    'distribution-table': {
      text: 'install the package {package} with its tables, or set TC_LIB_DIR to the folder that has them',
      sources: [netemManual],
    },
  },
  debian: {
    module: {
      text: `load it with '{load}'; where there is no such module, install linux-image-amd64 or linux-image-cloud-amd64 (or the one of your architecture) and reboot into it: Debian's own kernels have it; or ${guest}`,
      sources: ['https://packages.debian.org/bookworm/linux-image-cloud-amd64'],
    },
    program: { text: "install the package that has '{program}': 'apt-get install {package}'", sources: [] },
  },
  ubuntu: {
    module: {
      text: `install it with 'apt-get install linux-modules-extra-$(uname -r)', then load it with '{load}'; minimal images and the kernel flavour virtual come without that package, and of a flavour that has none (kvm) install linux-image-generic and reboot into it; or ${guest}`,
      sources: [
        'https://github.com/chaosblade-io/chaosblade/issues/479',
        'https://newbetuts.com/1170659-linux-kernel-flavours-in-modern-releases',
      ],
    },
    program: { text: "install the package that has '{program}': 'apt-get install {package}'", sources: [] },
  },
  rhel: {
    module: {
      text: `install it with 'dnf install kernel-modules-extra-$(uname -r)', then load it with '{load}'; where modules of that package are on the deny list in /etc/modprobe.d, take {module} off it; or ${guest}`,
      sources: [
        'https://docs.redhat.com/en/documentation/red_hat_enterprise_linux/9/html/configuring_and_managing_networking/available-qdiscs-in-rhel_linux-traffic-control',
        'https://github.com/kubeovn/kube-ovn/issues/3758',
        'https://github.com/chaosblade-io/chaosblade/issues/819',
      ],
    },
    program: { text: "install the package that has '{program}': 'dnf install {package}'", sources: [] },
  },
  'amazon-linux': {
    module: {
      text: `install it with 'dnf install kernel-modules-extra' (Amazon Linux 2: its kernel package has it), then load it with '{load}'; where the running kernel is older than the package, reboot into the new one`,
      sources: [],
    },
    program: { text: "install the package that has '{program}': 'dnf install {package}'", sources: [] },
  },
  bottlerocket: {
    module: {
      text: "its modules come with the image, and none can be added: allow {module} and load it at boot, with 'apiclient set settings.kernel.modules.{module}.allowed=true settings.kernel.modules.{module}.autoload=true' and a reboot; where the variant's kernel has none, use nodes of another system for these experiments",
      sources: [bottlerocketKernel, 'https://github.com/bottlerocket-os/bottlerocket-kernel-kit'],
    },
    nftables: {
      text: "allow and load nf_tables, with 'apiclient set settings.kernel.modules.nf_tables.allowed=true settings.kernel.modules.nf_tables.autoload=true' and a reboot",
      sources: [bottlerocketKernel],
    },
  },
  flatcar: {
    module: {
      text: "its kernel has netem, prio, tbf and htb as modules: load it with '{load}', and at every boot by a file in /etc/modules-load.d that names {module}; none can be installed, so update Flatcar where there is no such module",
      sources: [
        'https://github.com/flatcar/scripts/blob/main/sdk_container/src/third_party/coreos-overlay/sys-kernel',
        modulesLoad,
      ],
    },
  },
  cos: {
    module: {
      text: "no module can be added to Container-Optimized OS, and its nodes take none from elsewhere: load it with '{load}' where the image has it, else use a node pool with the node image ubuntu_containerd",
      sources: [
        nodeImages,
        'https://docs.cloud.google.com/python/docs/reference/container/latest/google.cloud.container_v1.types.LinuxNodeConfig.NodeKernelModuleLoading',
      ],
    },
  },
  talos: {
    module: {
      text: "Talos' kernel has queueing disciplines and filters built in, netem among them, so that nothing is to be loaded: update Talos where one is missing, and name what is a module under machine.kernel.modules of the machine configuration ('- name: {module}')",
      sources: ['https://github.com/siderolabs/pkgs/blob/main/kernel/build/config-amd64'],
    },
  },
  wsl2: {
    module: {
      text: `WSL2's stock kernels have no {module}: build one from WSL2-Linux-Kernel that has it and name it as kernel= (and its modules as kernelModules=) in .wslconfig; or ${guest}`,
      sources: [
        'https://github.com/microsoft/WSL2-Linux-Kernel/issues/148',
        'https://github.com/microsoft/WSL/issues/6065',
        'https://github.com/MicrosoftDocs/WSL/pull/2145',
      ],
    },
  },
  kind: {
    module: {
      text: `${sharedKernel}: load it there with '{load}', not in the node; with Docker Desktop that is its virtual machine, whose kernel cannot be given modules, so run kind on a Linux machine instead`,
      sources: ['https://github.com/microsoft/WSL2-Linux-Kernel/issues/148'],
    },
    nftables: { text: `${sharedKernel}: load the module there with 'modprobe nf_tables'`, sources: [] },
  },
  minikube: {
    module: {
      text: `with the driver docker or podman ${sharedKernel}: load it there with '{load}'; in minikube's virtual machine load it with 'minikube ssh -- sudo {load}', and where its image has no such module, take a newer minikube or another driver ('minikube start --driver=docker')`,
      sources: ['https://github.com/kubernetes/minikube/issues/6033', 'https://github.com/kubernetes/minikube/pull/10048'],
    },
  },
};
