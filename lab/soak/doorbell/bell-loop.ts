/**
 * Kills a session that is rung again and again, at any moment from its start on, while a person writes to it. Then lets one
 * live until everything is read, and judges what the models were given.
 */
import { Dice } from '../../dice.ts'
import { currentBundle } from '../../driver/bundle.ts'
import { InboxSocket } from '../../driver/inbox-socket.ts'
import { pause } from '../../driver/pause.ts'
import type { Member } from '../../driver/scene.ts'
import { until } from '../../driver/until.ts'
import { workspaceSettings } from '../../driver/workspace-settings.ts'
import { judge } from '../../judge/judge.ts'
import { elapsedMs } from '../../stopwatch.ts'
import type { DoorbellArguments } from '../arguments.ts'
import type { PlatformLife } from '../platform-life.ts'
import { RunRecord } from '../run-record.ts'
import { Desk } from '../writers.ts'
import { RungLife } from './rung-life.ts'
import type { BellLoopOutcome } from './table.ts'

export interface BellLoopOptions extends Omit<DoorbellArguments, 'of'> {
  readonly platform: PlatformLife
  readonly folder: string
  readonly say: (line: string) => void
}

/** Share of kills at a moment of the start, and of those that come with the first page of a life. */
const DURING_START = 0.3
const AT_FIRST_PAGE = 0.4
const MAX_START_MS = 3_000
/** The others come so long after the first bell. */
const MAX_WORK_MS = 400
/** A life in which nothing waits is never rung. */
const RUNG_WITHIN_MS = 20_000
const READ_WITHIN_MS = 240_000
const CHATS = 4
const MAX_CHARACTERS = 400
const SAY_EVERY = 10

export async function bellLoop(options: BellLoopOptions): Promise<BellLoopOutcome> {
  await using inbox = await InboxSocket.open((put) => loop.ring(put.prompt))
  const loop = new BellLoop(options, inbox, await currentBundle())
  await loop.begin()
  await loop.kill()
  await loop.drain()
  return loop.outcome()
}

class BellLoop {
  readonly #options: BellLoopOptions
  readonly #inbox: InboxSocket
  readonly #script: string
  readonly #record = new RunRecord()
  readonly #desk: Desk
  readonly #workspace: Member
  #life: RungLife | undefined
  #lives = 0
  /** Of the running life. */
  #bells = 0
  #pages = 0
  #allPages = 0
  #killsUnrung = 0
  /** Messages whose writing has begun. */
  #begun = 0
  #drainedAfterMs: number | undefined

  constructor(options: BellLoopOptions, inbox: InboxSocket, script: string) {
    const [workspace] = options.platform.members
    if (workspace === undefined) throw new Error('the platform has no team')
    this.#options = options
    this.#inbox = inbox
    this.#script = script
    this.#workspace = workspace
    this.#desk = new Desk(options.platform, this.#record)
  }

  ring(prompt: string): void {
    this.#bells++
    this.#life?.ring(prompt)
  }

  /** A first start reads only what is recent, so the first message waits for it. */
  async begin(): Promise<void> {
    const life = await this.#start()
    const { key } = await this.#desk.write(undefined, this.#workspace.id, 0, 1)
    await this.#options.platform.begin(this.#workspace.id)
    await until('the first message to be read', () => this.#record.shownAt.has(key))
    await life.end()
  }

  async kill(): Promise<void> {
    const { kills, messages, seed, say } = this.#options
    const dice = new Dice(seed, 'kills')
    const pen = new Dice(seed, 'person')
    for (let kill = 1; kill <= kills; kill++) {
      const due = Math.round((messages * kill) / kills)
      const writing = Promise.all(Array.from({ length: CHATS }, () => this.#writeUpTo(due, pen)))
      const life = await this.#start()
      await this.#moment(dice)
      if (this.#bells === 0) this.#killsUnrung++
      this.#life = undefined
      const code = await life.kill()
      // 128 and the number of SIGKILL.
      if (code !== 137)
        this.#complain(`session ${this.#lives} ended by itself (${code}): ${life.stderr.slice(-300)}`)
      await writing
      const { written, shownAt } = this.#record
      if (kill % SAY_EVERY === 0) say(`${kill} kills, ${written.size} written, ${shownAt.size} read`)
    }
  }

  /** Waits for the moment to kill the running life. */
  async #moment(dice: Dice): Promise<void> {
    const place = dice.random()
    const ms = dice.random()
    if (place < DURING_START) return pause(ms * MAX_START_MS)
    const what = place < DURING_START + AT_FIRST_PAGE ? () => this.#pages > 0 : () => this.#bells > 0
    // Everything may have been read.
    await until('the session to be rung', what, RUNG_WITHIN_MS).catch(() => undefined)
    if (place >= DURING_START + AT_FIRST_PAGE) await pause(ms * MAX_WORK_MS)
  }

  async #start(): Promise<RungLife> {
    const { platform, folder } = this.#options
    const number = ++this.#lives
    this.#bells = this.#pages = 0
    const life = new RungLife({
      number,
      env: {
        ...workspaceSettings(platform.url, [this.#workspace]),
        MOLECULE_STATE_DIR: `${folder}/state`,
        MOLECULE_POLL_INTERVAL_MS: '500',
      },
      cwd: folder,
      script: this.#script,
      inbox: this.#inbox,
      onRead: (events) => {
        for (const event of events) this.#record.see(event, number)
        if (events.length === 0) return
        this.#pages++
        this.#allPages++
      },
    })
    this.#life = life
    await life.connect()
    return life
  }

  async #writeUpTo(count: number, dice: Dice): Promise<void> {
    while (this.#begun < count) {
      this.#begun++
      const characters = dice.between(0, MAX_CHARACTERS)
      const { key, accepted } = await this.#desk.write(undefined, this.#workspace.id, characters, 1)
      if (!accepted) this.#complain(`the platform did not accept ${key}`)
    }
  }

  async drain(): Promise<void> {
    const from = elapsedMs()
    const life = await this.#start()
    const { written, shownAt } = this.#record
    try {
      await until('all messages', () => shownAt.size >= written.size, READ_WITHIN_MS)
      this.#drainedAfterMs = elapsedMs() - from
    } catch (error) {
      this.#complain(`not all was read in the calm at the end: ${String(error)}`)
    }
    const code = await life.end()
    if (code !== 0)
      this.#complain(`the last session ended with exit code ${code}: ${life.stderr.slice(-300)}`)
  }

  async outcome(): Promise<BellLoopOutcome> {
    const { platform, kills } = this.#options
    const { written, showings, unexpected } = this.#record
    const messages = await platform.messages(this.#workspace.id)
    const accepted = [...written.values()].filter((one) => one.accepted).map(({ key }) => key)
    return {
      kills,
      killsUnrung: this.#killsUnrung,
      written: written.size,
      accepted: accepted.length,
      bells: this.#inbox.prompts.length,
      refused: this.#inbox.refused,
      pages: this.#allPages,
      shown: showings.length,
      drainedAfterMs: this.#drainedAfterMs,
      verdict: judge({ messages, accepted, written: showings }),
      unexpected,
    }
  }

  #complain(sentence: string): void {
    this.#record.unexpected.push(sentence)
  }
}
