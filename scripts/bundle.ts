/**
 * Bundles each entry into one file that Node 24 starts fast: in the guest, whose processor is emulated, loading hundreds of
 * modules costs seconds.
 * @param entries the name of each output file, without `.js`, and its source
 * @param minify leaves out blanks, for programs that start often; tests stay readable
 */
export async function bundle(entries: Readonly<Record<string, string>>, outdir: string, minify: boolean): Promise<void> {
  // Loading esbuild takes longer than finding out that there is nothing to build.
  const { build } = await import('esbuild');
  await build({
    entryPoints: { ...entries },
    outdir,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minifySyntax: minify,
    minifyWhitespace: minify,
    logLevel: 'warning',
    // Dependencies written as CommonJS call require for Node's own modules; an ES module has none.
    banner: {
      js: "import { createRequire as createRequireOfBundle } from 'node:module';const require = createRequireOfBundle(import.meta.url);",
    },
  });
}
