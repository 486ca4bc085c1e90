/** A state folder and the sessions that share it: a number of seats, each taken or free for a while. */
import { join } from 'node:path'
import type { Dice } from '../dice.ts'
import type { Member } from '../driver/scene.ts'
import { workspaceSettings } from '../driver/workspace-settings.ts'
import { HostSession, type WayToEnd } from './host-session.ts'
import type { RunRecord } from './run-record.ts'

export interface HomeOptions {
  readonly name: string
  readonly members: readonly Member[]
  readonly seats: number
  /** Whether the session in the first seat lives as long as the run. */
  readonly firstStays: boolean
  readonly folder: string
  readonly script: string
  readonly platformUrl: string
  readonly record: RunRecord
  readonly dice: Dice
}

/** Share of sessions whose hosts never send a receipt, as with hooks turned off. */
const NO_HOOKS = 0.25
/** Share of receipts that get lost. */
const RECEIPT_LOST = 0.1
const MAX_RECEIPT_MS = 300

let sessions = 0

export class Home {
  readonly members: readonly Member[]
  readonly stateFolder: string
  readonly #options: HomeOptions
  readonly #seats: (HostSession | undefined)[]

  constructor(options: HomeOptions) {
    this.#options = options
    this.members = options.members
    this.stateFolder = join(options.folder, options.name)
    this.#seats = Array.from({ length: options.seats }, () => undefined)
  }

  /** The session that lives through the run, otherwise any running one. */
  get longest(): HostSession | undefined {
    return this.#sessions().at(0)
  }

  /** A session that may end, preferably one with unread events; undefined if there is none. */
  mortal(preferStalled: boolean): HostSession | undefined {
    const { dice, firstStays } = this.#options
    const mortals = this.#sessions().slice(firstStays ? 1 : 0)
    const stalled = mortals.filter((session) => preferStalled && session.stalled)
    return mortals.length === 0 ? undefined : dice.pick(stalled.length === 0 ? mortals : stalled)
  }

  /** A session whose host reads; undefined if there is none. */
  reading(): HostSession | undefined {
    const reading = this.#sessions().filter(({ reads }) => reads)
    return reading.length === 0 ? undefined : this.#options.dice.pick(reading)
  }

  /** Starts a session in a free seat. Returns whether there was one. */
  start(): boolean {
    const seat = this.#seats.indexOf(undefined)
    if (seat === -1) return false
    this.#seats[seat] = this.#newSession(seat)
    return true
  }

  /**
   * Ends a session. The others' pipes are not read until its own has been: no session can take over before its process
   * is gone, so the order of reading is the order of writing.
   *
   * @returns how many events in its pipe were never read.
   */
  async end(session: HostSession, way: WayToEnd, readRest: boolean): Promise<number> {
    const others = this.#sessions().filter((other) => other !== session)
    for (const other of others) other.holdBack(true)
    try {
      return await session.end(way, readRest)
    } finally {
      for (const other of others) other.holdBack(false)
      this.#seats[this.#seats.indexOf(session)] = undefined
    }
  }

  /** Takes every seat and lets every host read. */
  calmDown(): void {
    for (const session of this.#sessions()) session.readOn()
    while (this.start()) {
      // Each turn takes one seat.
    }
  }

  /** Whether each workspace has a session that receives for it over an event stream. */
  async live(): Promise<boolean> {
    const counts = await Promise.all(this.#sessions().map((session) => session.liveWorkspaces()))
    return counts.reduce((sum, count) => sum + count, 0) >= this.members.length
  }

  async close(): Promise<void> {
    for (const session of this.#sessions()) await this.end(session, 'end of input', true)
  }

  #sessions(): HostSession[] {
    return this.#seats.filter((session) => session !== undefined)
  }

  #newSession(seat: number): HostSession {
    const { members, folder, script, platformUrl, record, dice, firstStays } = this.#options
    const number = ++sessions
    record.deeds.sessions++
    // The permanent session is used normally, so that its figures are meaningful.
    const hooks = (firstStays && seat === 0) || !dice.chance(NO_HOOKS)
    return new HostSession({
      number,
      env: {
        ...workspaceSettings(platformUrl, members),
        MOLECULE_STATE_DIR: this.stateFolder,
        MOLECULE_POLL_INTERVAL_MS: '500',
        MOLECULE_HEARTBEAT_INTERVAL_MS: '2000',
      },
      cwd: folder,
      script,
      pipePath: join(folder, `pipe-${number}`),
      onEvent: (event) => record.see(event, number),
      receiptAfterMs: () =>
        hooks && !dice.chance(RECEIPT_LOST) ? dice.between(0, MAX_RECEIPT_MS) : undefined,
      complain: (sentence) => record.unexpected.push(sentence),
    })
  }
}
