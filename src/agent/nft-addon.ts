import { messageOf } from '../lib/index.ts';
import { loadNft, type RunNft } from './kernel/index.ts';
import type { Log } from './log.ts';

/** The addon, where somebody asks for it and it can be used; otherwise nft is started as a program, which does the same. */
export async function nftByAddon(file: string | undefined, log: Log): Promise<RunNft | undefined> {
  if (file === undefined) return undefined;
  try {
    const runNft = await loadNft(file);
    log('info', 'nft runs in this process', { addon: file });
    return runNft;
  } catch (error) {
    log('warn', 'nft is started as a program', { error: messageOf(error) });
    return undefined;
  }
}
