/** The Claude Code client the scenarios run: the pinned version, installed below `.tools/` and nowhere else. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PLUGIN_ROOT } from '../plugin-command.ts'

export const CLIENT_VERSION = '2.1.329'

/** A third of a gigabyte, over a slow line. */
const INSTALL_TIMEOUT_MS = 300_000
const VERSION_TIMEOUT_MS = 20_000

export type ClientSearch =
  | { readonly found: true; readonly path: string }
  /** Why it cannot be had here, in a sentence. */
  | { readonly found: false; readonly reason: string }

/**
 * The path of the client, which is installed when it is missing.
 *
 * @param tools folder for what is installed; made when needed.
 * @param say told before something is downloaded.
 * @param signal ends an installation that is under way.
 */
export async function obtainClient(
  tools: string,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<ClientSearch> {
  if (process.platform !== 'linux' && process.platform !== 'darwin') {
    return { found: false, reason: `the scenarios need a POSIX terminal, this is ${process.platform}` }
  }
  const folder = join(tools, `claude-code-${CLIENT_VERSION}`)
  if (!existsSync(folder)) {
    say(`installs Claude Code ${CLIENT_VERSION} into ${folder}`)
    const problem = await install(tools, folder, signal)
    if (problem !== undefined) return { found: false, reason: problem }
  }
  for (const path of binariesIn(folder)) if (await isThatVersion(path, folder)) return { found: true, path }
  return { found: false, reason: `no program below ${folder} runs on this machine` }
}

/** Into a folder of another name first: what is there under its own name is whole. */
async function install(tools: string, folder: string, signal: AbortSignal): Promise<string | undefined> {
  mkdirSync(tools, { recursive: true })
  const making = mkdtempSync(join(tools, 'installing-'))
  try {
    writeFileSync(join(making, 'package.json'), '{"private":true}\n')
    // The platform's own package holds the program; no script of any package has to run.
    const words = ['add', '--exact', '--ignore-scripts', `@anthropic-ai/claude-code@${CLIENT_VERSION}`]
    const child = Bun.spawn([process.execPath, ...words], {
      cwd: making,
      env: { ...process.env, BUN_INSTALL_CACHE_DIR: join(making, 'cache') },
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
      timeout: INSTALL_TIMEOUT_MS,
      signal,
    })
    const said = await child.stderr.text()
    if ((await child.exited) !== 0) {
      const reason = said.split('\n').find((line) => line.startsWith('error')) ?? 'no reason was given'
      return `Claude Code ${CLIENT_VERSION} cannot be installed: ${reason}`
    }
    rmSync(join(making, 'cache'), { recursive: true, force: true })
    renameSync(making, folder)
    return undefined
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
}

/** Packages for several systems may lie there: the first whose program runs is the right one. */
function binariesIn(folder: string): readonly string[] {
  const scope = join(folder, 'node_modules', '@anthropic-ai')
  if (!existsSync(scope)) return []
  return readdirSync(scope)
    .map((name) => join(scope, name, 'claude'))
    .filter((path) => existsSync(path))
}

async function isThatVersion(path: string, home: string): Promise<boolean> {
  try {
    const child = Bun.spawn([path, '--version'], {
      env: { ...process.env, HOME: home, CLAUDE_CONFIG_DIR: home },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: VERSION_TIMEOUT_MS,
    })
    return (await child.stdout.text()).startsWith(`${CLIENT_VERSION} `)
  } catch {
    // It is for another processor or another C library.
    return false
  }
}

export const TOOLS_FOLDER = join(PLUGIN_ROOT, '.tools')
