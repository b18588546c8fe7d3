/**
 * The wordings for a qdisc kind that the kernel lacks: a kernel of 6.18's (net/sched/sch_api.c says it by extended acknowledgement), an earlier
 * kernel's, and that of a kernel or an iproute2 without extended acknowledgements, which is ENOENT and nothing else. The last one means this
 * only where a qdisc was to be added at a root: for a missing parent it is the same.
 */
export function saysNoSuchQdisc(text: string): boolean {
  const wordings = [
    'Specified qdisc kind is unknown',
    'Specified qdisc not found',
    'RTNETLINK answers: No such file or directory',
  ];
  return wordings.some((wording) => text.includes(wording));
}
