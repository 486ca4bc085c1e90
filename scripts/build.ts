/**
 * Bundles each program into one file: the server that the host starts, and `molecule connect`. The files are committed, so
 * that they need no install step, no registry and no network.
 */
import { fileURLToPath } from 'node:url'
import type { BunPlugin } from 'bun'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Leaves out the SDK's validator for answers to elicitations: a third of the bundle, and built at every start. This
 * server elicits nothing and passes a validator of its own (`plugin/host/mcp-server.ts`).
 */
const withoutValidator: BunPlugin = {
  name: 'without-validator',
  setup(build) {
    build.onLoad({ filter: /validation[/\\]ajv-provider\.js$/ }, () => ({
      contents: 'export class AjvJsonSchemaValidator {}',
      loader: 'js',
    }))
  },
}

/** The programs that are bundled, each with the name of its file in `dist/`. */
export const PROGRAMS = { server: 'server.ts', connect: 'runner/main.ts' } as const
export type Program = keyof typeof PROGRAMS

/**
 * Builds a file of `dist/` in memory. The result depends only on the sources and the pinned Bun.
 *
 * @throws AggregateError with the bundler's messages.
 */
export async function bundle(program: Program): Promise<string> {
  // A thread needs a small part of the program, and its own heap for that: it gets no more.
  const thread = await bundleProgram('member/ledger/ledger-thread.ts')
  return bundleProgram(PROGRAMS[program], [withoutValidator], { LEDGER_THREAD: JSON.stringify(thread) })
}

/** Bundles a program, with the options of the server's own bundle. */
export async function bundleProgram(
  entrypoint: string,
  plugins: BunPlugin[] = [],
  define: Record<string, string> = {},
): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [entrypoint],
    root,
    target: 'bun',
    minify: true,
    plugins,
    define,
    throw: true,
  })
  const [output] = outputs
  if (output === undefined) throw new Error('the bundler produced no output')
  return output.text()
}

/** Where a bundle is committed. */
export function bundlePath(program: Program): string {
  return fileURLToPath(new URL(`../dist/${program}.js`, import.meta.url))
}

if (import.meta.main) {
  process.chdir(root)
  for (const program of Object.keys(PROGRAMS) as Program[]) {
    const text = await bundle(program)
    await Bun.write(bundlePath(program), text)
    console.log(`dist/${program}.js: ${text.length} bytes`)
  }
}
