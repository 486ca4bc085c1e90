/** What a scenario plays on: a local platform, a workspace, and the sessions it starts, all ended after it. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { systemClock } from '../../base/clock.ts'
import { PlatformClient } from '../../member/client/client.ts'
import { inboundSchema } from '../../member/client/inbound.ts'
import { createInviteCode, inviteText } from '../../member/client/invite-code.ts'
import type { MessageState } from '../../member/ledger/ledger-rows.ts'
import { writeOperatorFile } from '../../platform/operator-file.ts'
import { ClientSession, type SessionOptions } from '../driver/client/client-session.ts'
import { ModelApi } from '../driver/client/model-api.ts'
import type { ModelRequest } from '../driver/client/model-request.ts'
import { STATUS } from '../driver/client/plugin-tools.ts'
import { SdkProgram } from '../driver/client/sdk-program.ts'
import { untilStatus } from '../driver/client/tool-turns.ts'
import type { User } from '../driver/client/user.ts'
import type { ConnectProcess } from '../driver/connect-process.ts'
import { busyLedger, ledgerRows } from '../driver/ledger-rows.ts'
import { Peer } from '../driver/peer.ts'
import { PLUGIN_ROOT } from '../driver/plugin-command.ts'
import { type Member, Scene } from '../driver/scene.ts'
import { until } from '../driver/until.ts'

const rowsSchema = z.array(z.object({ state: z.string(), content: z.string(), at: z.number() }))
const TELEMETRY_OFF = { DISABLE_TELEMETRY: '1', CLAUDE_CODE_GB_DISK_CACHE_WHEN_TELEMETRY_OFF: '' } as const

export class Stage implements AsyncDisposable {
  readonly user: User
  readonly member: Member
  readonly #scene: Scene
  readonly #name: string
  readonly #state: string
  readonly #started: AsyncDisposable[] = []
  #ended = false

  private constructor(user: User, scene: Scene, name: string) {
    this.user = user
    this.member = scene.member()
    this.#scene = scene
    this.#name = name
    this.#state = join(user.folder, `${name}-state`)
  }

  /** Opens a platform with one workspace, and writes the `.env` that the platform's greeting suggests. */
  static async open(user: User, name: string): Promise<Stage> {
    const scene = await Scene.open()
    const stage = new Stage(user, scene, name)
    // However slowly the first session starts, earlier messages are new to it.
    const settings = scene.settings(stage.member, { MOLECULE_POLL_WINDOW_SECS: '600' })
    const lines = Object.entries(settings).flatMap(([key, value]) =>
      key === 'MOLECULE_STATE_DIR' ? [] : [`${key}=${value}\n`],
    )
    mkdirSync(stage.#state, { mode: 0o700 })
    writeFileSync(join(stage.#state, '.env'), lines.join(''), { mode: 0o600 })
    return stage
  }

  /** Adds a setting to the `.env`. */
  set(name: string, value: string): void {
    appendFileSync(join(this.#state, '.env'), `${name}=${value}\n`)
  }

  /** Environment variables for the client. */
  get env(): Readonly<Record<string, string>> {
    return { MOLECULE_STATE_DIR: this.#state }
  }

  async session(options: Partial<SessionOptions> & Pick<SessionOptions, 'channel'>): Promise<ClientSession> {
    // An interrupted scenario may still be running.
    if (this.#ended) throw new Error('the scenario has ended')
    const debugFile = join(this.user.folder, `${this.#name}-${this.#started.length + 1}.log`)
    const session = new ClientSession(this.user, { env: this.env, debugFile, ...options })
    this.#started.push(session)
    await session.connected()
    return session
  }

  /** A session as most people start one, without the channel. The model follows bells; all that closes channels is set. */
  plainSession(options: Partial<SessionOptions> = {}): Promise<ClientSession> {
    const env = { ...this.env, ...TELEMETRY_OFF, ...options.env }
    return this.session({ channel: false, followsBells: true, ...options, env })
  }

  /** Starts a program of the Agent SDK, with these words on the client's command line. */
  async program(...words: readonly string[]): Promise<SdkProgram> {
    if (this.#ended) throw new Error('the scenario has ended')
    const debugFile = join(this.user.folder, `${this.#name}-${this.#started.length + 1}.log`)
    const program = new SdkProgram(this.user, { words, env: this.env, debugFile })
    this.#started.push(program)
    await program.connected()
    return program
  }

  /**
   * Starts `molecule connect` in the person's project, with the client as its backend.
   *
   * @param model that it asks; none: the user is not logged in.
   * @param words more of the command line.
   */
  async runner(model: ModelApi | undefined, ...words: readonly string[]): Promise<ConnectProcess> {
    if (this.#ended) throw new Error('the scenario has ended')
    const backend = ['--backend', 'claude-code', '--backend-opt', `bin=${this.user.client}`]
    const env = this.user.environment({
      ...this.env,
      ...(model === undefined ? { ANTHROPIC_API_KEY: '' } : { ANTHROPIC_BASE_URL: model.url }),
    })
    return this.#scene.connect([...backend, ...words], env, this.user.project)
  }

  /** Another agent, which writes to the workspace. */
  peer(): Peer {
    const { platform } = this.#scene
    return new Peer(platform.url, platform.createWorkspace({ name: 'peer', parentId: this.member.id }))
  }

  /**
   * Runs `claude -p` to its end.
   *
   * @param meanwhile runs once its plugin has started and says that it does not receive.
   * @returns the requests to its model, and what it printed.
   */
  async printed(
    prompt: string,
    meanwhile: () => Promise<void>,
  ): Promise<{ readonly requests: readonly ModelRequest[]; readonly output: string }> {
    await using model = new ModelApi()
    model.hold()
    const run = this.user.run(['-p', prompt, '--allowedTools', STATUS], {
      ...this.env,
      ANTHROPIC_BASE_URL: model.url,
    })
    const turn = await untilStatus(model, /^receiving: no, this session was started without the channel/m)
    await meanwhile()
    turn.answer({ say: 'Done.' })
    model.release()
    const { code, output } = await run
    if (code !== 0) throw new Error(`claude -p ended with ${code}: ${output}`)
    return { requests: model.requests, output }
  }

  /** The person writes to another agent. */
  writeTo(id: string, text: string): Promise<void> {
    return this.#scene.person.write(id, text)
  }

  /** The person writes in the platform's chat. */
  async write(...texts: readonly string[]): Promise<void> {
    for (const text of texts) await this.#scene.person.write(this.member.id, text)
  }

  /**
   * Runs `./molecule join` for a new agent of this platform, as the user.
   *
   * @returns the workspace, and the words of the command that it prints, with the variable before them.
   */
  async join(name: string): Promise<{ readonly id: string; readonly words: readonly string[] }> {
    const { url, adminToken } = this.#scene.platform
    const db = join(this.user.folder, `${this.#name}.db`)
    writeOperatorFile(db, { url, key: adminToken })
    const argv = [join(PLUGIN_ROOT, 'plugin/join/main.ts'), 'join', name, '--answer', '--db', db]
    const child = Bun.spawn([process.execPath, ...argv], {
      env: this.user.environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [said, complaint] = await Promise.all([child.stdout.text(), child.stderr.text()])
    if ((await child.exited) !== 0) throw new Error(`join failed: ${complaint}`)
    const id = /\(([0-9a-f-]{36})\) was created/.exec(said)?.[1] ?? ''
    return { id, words: said.trimEnd().split('\n').at(-1)?.trim().split(' ') ?? [] }
  }

  /** A one-time code for the workspace, as `./molecule invite-code` prints it. */
  async invite(): Promise<string> {
    const { url, adminToken } = this.#scene.platform
    const platform = { platformUrl: url, workspaceId: '', token: adminToken }
    const operator = new PlatformClient(platform, { network: fetch, clock: systemClock })
    return inviteText(url, await createInviteCode(operator, this.member.id))
  }

  /** What the person reads in the chat, newest first. */
  replies(): Promise<readonly string[]> {
    return this.#scene.person.read(this.member.id)
  }

  /** The ids of the questions that wait for the person. */
  questions(): Promise<readonly string[]> {
    return this.#scene.person.questions()
  }

  answerQuestion(id: string, choice: string): Promise<void> {
    return this.#scene.person.answerQuestion(id, choice)
  }

  /** How far a message of the person got, as the page shows it. */
  receiptOf(text: string): Promise<string | undefined> {
    return this.#scene.person.receiptOf(this.member.id, text)
  }

  /** The plugin's log so far. */
  log(): string {
    const path = join(this.#state, 'channel.log')
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }

  /** The state of each message in the plugin's ledger, in order. */
  ledger(): readonly { readonly text: string; readonly state: string }[] {
    return this.#rows().map(({ text, state }) => ({ text, state }))
  }

  /** When a message was stored there, in milliseconds since the epoch. */
  storedAt(text: string): number {
    return this.#rows().find((row) => row.text === text)?.at ?? Number.NaN
  }

  #rows() {
    const query = 'SELECT state, content, received_at AS at FROM message ORDER BY ord'
    const rows = rowsSchema.parse(ledgerRows(this.#state, query))
    return rows.map(({ content, ...row }) => ({
      ...row,
      text: inboundSchema.parse(JSON.parse(content)).text,
    }))
  }

  /** Keeps the ledger busy, as another process that writes to it, until it is disposed of. */
  busyLedger(): Disposable {
    return busyLedger(this.#state)
  }

  /** Waits until these messages have reached a state. */
  async untilState(state: MessageState, ...texts: readonly string[]): Promise<void> {
    await until(`${texts.join(', ')} to be ${state}`, () => {
      const there = new Set(this.ledger().flatMap((row) => (row.state === state ? [row.text] : [])))
      return texts.every((text) => there.has(text))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    await Promise.all(this.#started.map((session) => session[Symbol.asyncDispose]()))
    // Such as a plugin that did not end with its client, which a scenario may have found.
    this.user.endAll()
    await this.#scene[Symbol.asyncDispose]()
  }
}
