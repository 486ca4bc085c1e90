/**
 * A user of the client with their own home and the plugin installed as the README says. They share nothing with whoever
 * runs the scenarios but the programs of this machine.
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { z } from 'zod'
import { systemClock } from '../../../base/clock.ts'
import { PLUGIN_FOLDER, pluginFiles } from '../../../scripts/plugin-folder.ts'
import { PLUGIN, PLUGIN_ROOT } from '../plugin-command.ts'
import { end, processTable } from '../processes.ts'

/** Made up: the stand-in for the model's API checks none. */
const API_KEY = 'sk-ant-api03-invented-for-a-stand-in-on-loopback-0000'
/** The discard port: every request beyond this machine fails at once. */
const NOWHERE = 'http://127.0.0.1:9'
/** The client asks a service whether channels and their permission relay are on. Without it, it reads these cached flags. */
const FEATURES = {
  tengu_harbor: true,
  tengu_harbor_permissions: true,
  // Which plugins may have a channel without the development flag: that is how the Agent SDK switches one on.
  tengu_harbor_ledger: [{ marketplace: 'molecule-channel', plugin: 'molecule' }],
}
const COMMAND_TIMEOUT_MS = 60_000

export class User implements Disposable {
  readonly client: string
  readonly folder: string
  readonly project: string
  /** Whether to leave the folder behind, with the client's logs. */
  keep = false
  readonly #running = new Set<Bun.Subprocess>()
  #gone = false

  /** @param client path of the client. */
  constructor(client: string) {
    this.client = client
    // The client compares real paths.
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'molecule-host-')))
    this.project = join(this.folder, 'project')
  }

  /**
   * Installs the plugin from a clone of this repository.
   *
   * @param isOther whether the client is another version than the pinned one: an older one warns of a field that it does not
   *   know.
   * @throws Error when the client does not accept it.
   */
  async install(isOther = false): Promise<void> {
    const clone = join(this.folder, 'clone')
    for (const name of ['home/.claude', 'project', 'tmp', 'bin']) {
      mkdirSync(join(this.folder, name), { recursive: true })
    }
    // The client starts the plugin with the Bun on its PATH: the one that runs this.
    symlinkSync(process.execPath, join(this.folder, 'bin', 'bun'))
    await clonePlugin(clone)
    if (isOther) await this.#succeed('plugin', 'validate', clone)
    else {
      await this.#succeed('plugin', 'validate', '--strict', clone)
      const plugin = join(clone, PLUGIN_FOLDER)
      await this.#succeed('plugin', 'validate', '--strict', '--profile', 'directory', plugin)
    }
    await this.#succeed('plugin', 'marketplace', 'add', clone)
    await this.#succeed('plugin', 'install', PLUGIN)
    this.#skipFirstQuestions()
  }

  /** @param more variables that the user has set, or the address of the model. */
  environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    const home = join(this.folder, 'home')
    return {
      PATH: `${join(this.folder, 'bin')}:${process.env.PATH ?? '/usr/bin:/bin'}`,
      HOME: home,
      CLAUDE_CONFIG_DIR: join(home, '.claude'),
      TMPDIR: join(this.folder, 'tmp'),
      TERM: 'xterm-256color',
      LANG: 'C.UTF-8',
      ANTHROPIC_API_KEY: API_KEY,
      ANTHROPIC_BASE_URL: NOWHERE,
      HTTP_PROXY: NOWHERE,
      HTTPS_PROXY: NOWHERE,
      NO_PROXY: '127.0.0.1,localhost',
      DISABLE_AUTOUPDATER: '1',
      DISABLE_TELEMETRY: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL: '1',
      CLAUDE_CODE_GB_DISK_CACHE_WHEN_TELEMETRY_OFF: '1',
      ...more,
    }
  }

  /** Runs the client to its end, without a terminal. */
  async run(
    args: readonly string[],
    more: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly code: number; readonly output: string }> {
    if (this.#gone) throw new Error('the run has ended')
    const child = Bun.spawn([this.client, ...args], {
      cwd: this.project,
      env: this.environment(more),
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
      timeout: COMMAND_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
    this.#running.add(child)
    const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
    this.#running.delete(child)
    return { code, output: out + err }
  }

  /** Ends whatever this user started and still runs: all of it has the folder on its command line. */
  endAll(): void {
    for (const child of this.#running) child.kill('SIGKILL')
    for (const { pid, command } of processTable()) if (command.includes(this.folder)) end(pid)
  }

  [Symbol.dispose](): void {
    this.#gone = true
    this.endAll()
    if (!this.keep) rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  async #succeed(...args: readonly string[]): Promise<void> {
    const { code, output } = await this.run(args)
    if (code !== 0) throw new Error(`claude ${args.join(' ')} ended with ${code}: ${output.trim()}`)
  }

  /** Answers what the client asks once in its life, so that no scenario begins with it. */
  #skipFirstQuestions(): void {
    const path = join(this.folder, 'home', '.claude', '.claude.json')
    const kept = z.looseObject({}).parse(JSON.parse(readFileSync(path, 'utf8')))
    const answers = {
      hasCompletedOnboarding: true,
      theme: 'dark',
      customApiKeyResponses: { approved: [API_KEY.slice(-20)], rejected: [] },
      projects: { [this.project]: { hasTrustDialogAccepted: true, allowedTools: [] } },
      cachedFeatureFlags: FEATURES,
      cachedFeatureFlagsAt: systemClock.now(),
      cachedGrowthBookFeatures: FEATURES,
    }
    writeFileSync(path, JSON.stringify({ ...kept, ...answers }))
  }
}

/** Copies what a clone contains, with a plugin built from the current sources: that is what scenarios judge. */
async function clonePlugin(to: string): Promise<void> {
  const leftOut = new Set(['.git', 'node_modules', '.tools'])
  cpSync(PLUGIN_ROOT, to, { recursive: true, filter: (path) => !leftOut.has(relative(PLUGIN_ROOT, path)) })
  for (const [path, bytes] of await pluginFiles()) await Bun.write(join(to, PLUGIN_FOLDER, path), bytes)
}
