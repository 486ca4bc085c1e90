/**
 * Bundles the server into the one file the host starts. The file is committed: a host that starts it needs no
 * install step, no registry and no network.
 */
import { fileURLToPath } from 'node:url'
import type { BunPlugin } from 'bun'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * The SDK brings a validator for the answers to elicitations, a third of the bundle, and builds it at start. This server
 * asks the host for no input and passes a validator of its own (`channel/mcp-server.ts`), so the SDK's is left out.
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
 * Builds `dist/server.js` in memory. The result depends on the sources and the pinned Bun alone.
 *
 * @throws AggregateError with the bundler's messages.
 */
export function bundle(): Promise<string> {
  return bundleProgram('server.ts', [withoutValidator])
}

/** Bundles any program, as far as `plugins` do not change it, in the way a program on this SDK is bundled. */
export async function bundleProgram(entrypoint: string, plugins: BunPlugin[] = []): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [entrypoint],
    root,
    target: 'bun',
    minify: true,
    plugins,
    throw: true,
  })
  const [output] = outputs
  if (output === undefined) throw new Error('the bundler gave no output')
  return output.text()
}

export const BUNDLE_PATH = fileURLToPath(new URL('../dist/server.js', import.meta.url))

if (import.meta.main) {
  process.chdir(root)
  const text = await bundle()
  await Bun.write(BUNDLE_PATH, text)
  console.log(`dist/server.js: ${text.length} bytes`)
}
