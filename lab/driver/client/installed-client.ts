/** The Claude Code client that scenarios run, installed below `.tools/` and nowhere else. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PLUGIN_ROOT } from '../plugin-command.ts'

/** The pinned one. */
const VERSION = '2.1.329'
const VERSION_FORM = /^\d+\.\d+\.\d+$/

/** Enough for a third of a gigabyte over a slow line. */
const INSTALL_TIMEOUT_MS = 300_000
const VERSION_TIMEOUT_MS = 20_000

export type ClientSearch =
  | { readonly found: true; readonly path: string }
  /** Why the client cannot run here, in one sentence. */
  | { readonly found: false; readonly reason: string }

/**
 * Finds the client, and installs it if it is missing.
 *
 * @param tools folder to install into; created when needed.
 * @param say called before anything is downloaded.
 * @param signal cancels the installation.
 * @param version by default the pinned one.
 */
export async function obtainClient(
  tools: string,
  say: (line: string) => void,
  signal: AbortSignal,
  version = VERSION,
): Promise<ClientSearch> {
  if (!VERSION_FORM.test(version)) {
    return { found: false, reason: `a version of Claude Code is three numbers, such as ${VERSION}` }
  }
  if (process.platform !== 'linux' && process.platform !== 'darwin') {
    return { found: false, reason: `the scenarios need a POSIX terminal, this is ${process.platform}` }
  }
  const folder = join(tools, `claude-code-${version}`)
  if (!existsSync(folder)) {
    say(`installing Claude Code ${version} into ${folder}`)
    const problem = await install(tools, folder, version, signal)
    if (problem !== undefined) return { found: false, reason: problem }
  }
  for (const path of binariesIn(folder))
    if (await hasVersion(path, version, folder)) return { found: true, path }
  return { found: false, reason: `no program below ${folder} runs on this machine` }
}

/** Installs into a temporary folder first, so that a folder with the final name is always complete. */
async function install(
  tools: string,
  folder: string,
  version: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  mkdirSync(tools, { recursive: true })
  const temporary = mkdtempSync(join(tools, 'installing-'))
  try {
    writeFileSync(join(temporary, 'package.json'), '{"private":true}\n')
    // The package for this system holds the program; no package script needs to run.
    const args = ['add', '--exact', '--ignore-scripts', `@anthropic-ai/claude-code@${version}`]
    const child = Bun.spawn([process.execPath, ...args], {
      cwd: temporary,
      env: { ...process.env, BUN_INSTALL_CACHE_DIR: join(temporary, 'cache') },
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
      timeout: INSTALL_TIMEOUT_MS,
      signal,
    })
    const output = await child.stderr.text()
    if ((await child.exited) !== 0) {
      const reason = output.split('\n').find((line) => line.startsWith('error')) ?? 'no reason was given'
      return `Claude Code ${version} cannot be installed: ${reason}`
    }
    rmSync(join(temporary, 'cache'), { recursive: true, force: true })
    renameSync(temporary, folder)
    return undefined
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** There may be packages for several systems; the caller takes the first that runs. */
function binariesIn(folder: string): readonly string[] {
  const scope = join(folder, 'node_modules', '@anthropic-ai')
  if (!existsSync(scope)) return []
  return readdirSync(scope)
    .map((name) => join(scope, name, 'claude'))
    .filter((path) => existsSync(path))
}

async function hasVersion(path: string, version: string, home: string): Promise<boolean> {
  try {
    const child = Bun.spawn([path, '--version'], {
      env: { ...process.env, HOME: home, CLAUDE_CONFIG_DIR: home },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: VERSION_TIMEOUT_MS,
    })
    return (await child.stdout.text()).startsWith(`${version} `)
  } catch {
    // Built for another processor or C library.
    return false
  }
}

export const TOOLS_FOLDER = join(PLUGIN_ROOT, '.tools')
