/**
 * Bundles the server into the one file the host starts. The file is committed: a host that starts it needs no
 * install step, no registry and no network.
 */
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Builds `dist/server.js` in memory. The result depends on the sources and the pinned Bun alone.
 *
 * @param entrypoint another program to bundle in the same way, so that the two can be compared.
 * @throws AggregateError with the bundler's messages.
 */
export async function bundle(entrypoint = 'server.ts'): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [entrypoint],
    root,
    target: 'bun',
    minify: true,
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
