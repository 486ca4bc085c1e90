/** One session of the client, as a person has it: in a terminal, below a shell. */
import { existsSync, readFileSync } from 'node:fs'
import { systemClock } from '../../../base/clock.ts'
import { type Stopped, stoppedOf } from '../../../member/folder/stopped-process.ts'
import { CHANNEL } from '../plugin-command.ts'
import { descendants, end, type ProcessRow, runs } from '../processes.ts'
import { until } from '../until.ts'
import { ModelApi } from './model-api.ts'
import { bellsIn, type Shown } from './model-request.ts'
import { ALL_TOOLS, CLAIM } from './plugin-tools.ts'
import { untilStatus } from './tool-turns.ts'
import type { User } from './user.ts'

export interface SessionOptions {
  /** Whether the person asks for the channel. */
  readonly channel: boolean
  /** The plugin cannot start, or nobody waits for it. */
  readonly isAlone?: boolean
  /** The client will open no channel although the person asks for it. */
  readonly opensNone?: boolean
  /** The channel that the person asks for, by default the installed one. */
  readonly asksFor?: string
  /** Plugin tools that need no permission; by default all. */
  readonly allow?: string
  /** By default the client asks before it runs what needs a permission. */
  readonly permissionMode?: 'default' | 'bypassPermissions'
  /** The model reads what bells announce, whenever it answers by itself. */
  readonly followsBells?: boolean
  /** Settings on top of the user's. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** More of the client's command line. */
  readonly words?: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Where the client writes its debug log. */
  readonly debugFile: string
}

const START_TIMEOUT_MS = 30_000
/** A key pressed before the client reads it is lost, so it is pressed again. */
const PRESS_AGAIN_MS = 400
const MAX_SCREEN_CHARS = 400_000
const ENTER = '\r'
const ESCAPE = '\x1b'
/** Ctrl-Z. */
const SUSPEND = '\x1a'
/**
 * The shell outlives its client, as a person's does, so that a dying client does not close the terminal. It has job
 * control: Ctrl-Z suspends the client, and Enter continues it.
 */
const SHELL = ['/bin/sh', '-c', 'set -m; "$@"; while read -r line; do fg; done', 'sh'] as const

export class ClientSession implements AsyncDisposable {
  readonly model = new ModelApi()
  readonly #user: User
  readonly #options: SessionOptions
  readonly #shell: Bun.Subprocess
  readonly #decoder = new TextDecoder()
  /** Terminal output since a line was last typed. */
  #screen = ''

  /** Starts the client. Until {@link connected}, it can only be ended. */
  constructor(user: User, options: SessionOptions) {
    this.#user = user
    this.#options = options
    if (options.followsBells === true) this.model.followBells()
    const words = [
      ...['--debug-file', options.debugFile, '--permission-mode', options.permissionMode ?? 'default'],
      ...['--allowedTools', options.allow ?? ALL_TOOLS],
      ...(options.words ?? []),
      ...(options.settings === undefined ? [] : ['--settings', JSON.stringify(options.settings)]),
      ...(options.channel ? ['--dangerously-load-development-channels', options.asksFor ?? CHANNEL] : []),
    ]
    this.#shell = Bun.spawn([...SHELL, user.client, ...words], {
      cwd: user.project,
      env: user.environment({ ...options.env, ANTHROPIC_BASE_URL: this.model.url }),
      terminal: {
        cols: 140,
        rows: 50,
        data: (_terminal, bytes) => {
          this.#screen = (this.#screen + this.#decoder.decode(bytes, { stream: true })).slice(
            -MAX_SCREEN_CHARS,
          )
        },
      },
    })
  }

  /** Waits until the client has connected to the plugin, and registered the channel if asked to. */
  async connected(): Promise<void> {
    const logged = (what: string) => () =>
      this.debugLog().includes(`MCP server "plugin:molecule:molecule": ${what}`)
    if (this.#options.isAlone === true) return
    if (!this.#options.channel) {
      await until('the plugin to be connected', logged('Successfully connected'), START_TIMEOUT_MS)
      return
    }
    if (this.#options.opensNone === true) {
      await until('the channel to be refused', logged('Channel notifications skipped'), START_TIMEOUT_MS)
      return
    }
    const [effect, outcome] =
      this.#options.asksFor === undefined
        ? ['the channel to be registered', 'Channel notifications registered']
        : ['the channel to be refused', 'Channel notifications skipped']
    await this.accept('I am using this for local development', effect, logged(outcome), START_TIMEOUT_MS)
  }

  /** The channel messages in the conversation, as of the newest request to the model. */
  shown(): readonly Shown[] {
    return this.model.shown()
  }

  /** Waits until the model is shown a message. */
  untilShown(text: string): Promise<Shown> {
    return this.model.untilShown(text, 15_000)
  }

  /** The bells in the conversation, oldest first. */
  get bells(): readonly string[] {
    const { newest } = this.model
    return newest === undefined ? [] : bellsIn(newest)
  }

  /** When each line of the client's debug log that matches was written, in milliseconds since the epoch. */
  loggedAt(what: RegExp): readonly number[] {
    const lines = this.debugLog().split('\n')
    return lines.filter((line) => what.test(line)).map((line) => Date.parse(line.split(' ', 1)[0] ?? ''))
  }

  /** Types a line and presses Enter until it takes effect. */
  async enter(line: string, effect: string, seen: () => boolean): Promise<void> {
    this.#screen = ''
    this.#write(line)
    await this.sees(line)
    await this.#press(effect, seen)
  }

  /** Sends a prompt to the model. */
  prompt(line: string): Promise<void> {
    const times = () => this.model.newest?.texts.filter((text) => text.includes(line)).length ?? 0
    const before = times()
    return this.enter(line, 'the prompt to reach the model', () => times() > before)
  }

  /** Waits for a dialog and chooses its first answer. */
  async accept(dialog: string, effect: string, seen: () => boolean, timeoutMs?: number): Promise<void> {
    await this.sees(dialog, timeoutMs)
    await this.#press(effect, seen)
  }

  async sees(text: string, timeoutMs?: number): Promise<void> {
    await until(`"${text}" on the screen`, () => this.shows(text), timeoutMs)
  }

  /** Whether a text is on the screen now. */
  shows(text: string): boolean {
    return this.#squeezed().includes(squeeze(text))
  }

  /** The client's debug log so far. */
  debugLog(): string {
    const { debugFile } = this.#options
    return existsSync(debugFile) ? readFileSync(debugFile, 'utf8') : ''
  }

  /** The client's own process. */
  get client(): ProcessRow {
    return this.#find('the client', ({ command }) => command.startsWith(this.#user.client))
  }

  /** The plugin's process. */
  get plugin(): ProcessRow {
    return this.#find(
      'the plugin',
      ({ command }) => command.includes('--no-env-file') && command.endsWith('/start.js'),
    )
  }

  /** Has the model call `status` until the result matches. */
  async untilStatus(says: RegExp): Promise<void> {
    this.model.hold()
    await this.prompt('What does the status say?')
    const turn = await untilStatus(this.model, says)
    turn.answer({ say: 'That is what it says.' })
    this.model.release()
  }

  /** The person lets this session receive, or no more. @returns what claiming said. */
  async receive(word?: 'off'): Promise<string> {
    const line = word === undefined ? '/molecule:receive' : `/molecule:receive ${word}`
    const skills = () =>
      this.model.newest?.texts.filter((text) => text.includes('Receive messages here')).length ?? 0
    const before = skills()
    this.model.hold()
    await this.enter(line, 'the skill to reach the model', () => skills() > before)
    const turn = await this.model.nextTurn()
    turn.answer({ call: CLAIM, input: word === undefined ? {} : { stop: true } })
    const claimed = await this.model.nextTurn()
    const [said = ''] = claimed.request.results
    claimed.answer({ say: 'So be it.' })
    this.model.release()
    return said
  }

  /** Interrupts the running turn, as a person does. */
  async interrupt(): Promise<void> {
    this.#screen = ''
    this.#write(ESCAPE)
    await this.sees('Interrupted')
  }

  /** Presses Ctrl-Z, and waits for it to take effect. @returns what is stopped. */
  async suspend(): Promise<Stopped> {
    const { pid } = this.plugin
    this.#write(SUSPEND)
    return until('the session to be suspended', () => stoppedOf(pid))
  }

  /** Continues what {@link suspend} stopped, with `fg`. */
  async resume(): Promise<void> {
    const { pid } = this.plugin
    this.#write(ENTER)
    await until('the session to continue', () => stoppedOf(pid) === undefined)
  }

  /** Ends the session as a person does, and waits for the plugin to end. The client may linger for seconds. */
  async leave(): Promise<void> {
    const { pid } = this.plugin
    await this.enter('/exit', 'the plugin to end', () => !runs(pid))
  }

  /** Ends the session like a terminal that closes, and waits for the plugin to end. */
  async hangUp(): Promise<void> {
    const { pid } = this.plugin
    process.kill(this.client.pid, 'SIGHUP')
    await until('the plugin to end', () => !runs(pid))
  }

  /** Ends the client without warning. */
  kill(): void {
    end(this.client.pid)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid } of descendants(this.#shell.pid)) end(pid)
    this.#shell.kill('SIGKILL')
    await this.#shell.exited
    this.#shell.terminal?.close()
    await this.model[Symbol.asyncDispose]()
  }

  async #press(effect: string, seen: () => boolean): Promise<void> {
    let pressedAt = Number.NEGATIVE_INFINITY
    await until(
      effect,
      () => {
        if (seen()) return true
        if (systemClock.now() - pressedAt < PRESS_AGAIN_MS) return false
        this.#write(ENTER)
        pressedAt = systemClock.now()
        return false
      },
      15_000,
    )
  }

  #find(what: string, matches: (row: ProcessRow) => boolean): ProcessRow {
    const row = descendants(this.#shell.pid).find(matches)
    if (row === undefined) throw new Error(`${what} is not running`)
    return row
  }

  #write(text: string): void {
    this.#shell.terminal?.write(text)
  }

  #squeezed(): string {
    return squeeze(this.#screen)
  }
}

/** Terminal output without escapes and white space: the client moves the cursor instead of writing spaces. */
function squeeze(screen: string): string {
  return screen
    .replace(/\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g, '')
    .replace(/\x1b\[[0-9;?<>=]*[ -/]*[@-~]/g, '')
    .replace(/\x1b(?:[()][A-Z0-9]|[=>78])/g, '')
    .replace(/\s+/g, '')
}
