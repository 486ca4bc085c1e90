/**
 * Bundles the server into the one file that the host starts. The file is committed, so that a host needs no install
 * step, no registry and no network.
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

/**
 * Builds `dist/server.js` in memory. The result depends only on the sources and the pinned Bun.
 *
 * @throws AggregateError with the bundler's messages.
 */
export async function bundle(): Promise<string> {
  // A thread needs a small part of the program, and its own heap for that: it gets no more.
  const thread = await bundleProgram('member/ledger/ledger-thread.ts')
  return bundleProgram('server.ts', [withoutValidator], { LEDGER_THREAD: JSON.stringify(thread) })
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

export const BUNDLE_PATH = fileURLToPath(new URL('../dist/server.js', import.meta.url))

if (import.meta.main) {
  process.chdir(root)
  const text = await bundle()
  await Bun.write(BUNDLE_PATH, text)
  console.log(`dist/server.js: ${text.length} bytes`)
}
