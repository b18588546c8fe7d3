/** What a campaign gives back: the guest prints it as the last line of its output. */
export type CampaignResult = {
  /** What did not hold, in words; empty when all did. */
  problems: string[];
  /** For people: Markdown. */
  text: string;
  data: Record<string, unknown>;
};

export type CampaignOptions = {
  /** An empty folder of the guest's own. */
  folder: string;
  seed: number;
  minutes: number;
  /** Of campaigns that count runs; undefined: as many as they usually have. */
  runs?: number;
  /** What is going on, for whoever waits. */
  say: (text: string) => void;
};
