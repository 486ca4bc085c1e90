/** Bundles each program into one file, which needs no install step, no registry and no network. */
import { join } from 'node:path'
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

/** Set for a process in whose time `dist/` is known to be up to date. */
export const BUILD_IS_FRESH = 'BUILD_IS_FRESH'

/** The programs that are bundled, each with its source and its path. */
const PROGRAMS = {
  server: { source: 'server.ts', path: 'dist/plugin/server.js' },
  notice: { source: 'plugin/notice/main.ts', path: 'dist/plugin/notice.js' },
  connect: { source: 'runner/main.ts', path: 'dist/connect.js' },
} as const
export type Program = keyof typeof PROGRAMS

/**
 * Bundles a program in memory. The result depends only on the sources and the pinned Bun.
 *
 * @throws AggregateError with the bundler's messages.
 */
export async function bundle(program: Program): Promise<string> {
  // A thread needs a small part of the program, and its own heap for that: it gets no more.
  const thread = await bundleProgram('member/ledger/ledger-thread.ts')
  return bundleProgram(PROGRAMS[program].source, {
    plugins: [withoutValidator],
    define: { LEDGER_THREAD: JSON.stringify(thread) },
  })
}

/** What the host starts, and what loads the server. Left readable: it explains the failure of anything else. */
export function startProgram(): Promise<string> {
  return bundleProgram('plugin/start/main.js', { minify: false })
}

interface BundleOptions {
  readonly plugins?: BunPlugin[]
  readonly define?: Record<string, string>
  readonly minify?: boolean
}

/** Bundles a program, with the options of the server's own bundle. */
export async function bundleProgram(entrypoint: string, options: BundleOptions = {}): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [join(root, entrypoint)],
    root,
    target: 'bun',
    minify: true,
    throw: true,
    ...options,
  })
  const [output] = outputs
  if (output === undefined) throw new Error('the bundler produced no output')
  return output.text()
}

/** Where a bundle is committed. */
export function bundlePath(program: Program): string {
  return join(root, PROGRAMS[program].path)
}
