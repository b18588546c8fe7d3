/** The two wordings of iproute2 releases for a qdisc kind that the kernel lacks. */
export function saysNoSuchQdisc(text: string): boolean {
  return ['Specified qdisc kind is unknown', 'Specified qdisc not found'].some((wording) => text.includes(wording));
}
