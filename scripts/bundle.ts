export type BundleOptions = {
  /** Leaves out blanks, for programs that start often; tests stay readable. @default false */
  minify?: boolean;
  /** Puts what is imported only when it is needed into files of its own, whose names begin so. @default all in one file */
  lazyName?: string;
};

/**
 * Bundles each entry into one file that Node 24 starts fast: in the guest, whose processor is emulated, loading hundreds of
 * modules costs seconds, and so does reading code that is not run.
 * @param entries the name of each output file, without `.js`, and its source
 */
export async function bundle(
  entries: Readonly<Record<string, string>>,
  outdir: string,
  { minify = false, lazyName }: BundleOptions = {},
): Promise<void> {
  // Loading esbuild takes longer than finding out that there is nothing to build.
  const { build } = await import('esbuild');
  await build({
    entryPoints: { ...entries },
    outdir,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    splitting: lazyName !== undefined,
    chunkNames: `${lazyName ?? 'chunk'}-[hash]`,
    minifySyntax: minify,
    minifyWhitespace: minify,
    logLevel: 'warning',
    // Dependencies written as CommonJS call require for Node's own modules; an ES module has none.
    banner: {
      js: "import { createRequire as createRequireOfBundle } from 'node:module';const require = createRequireOfBundle(import.meta.url);",
    },
  });
}
