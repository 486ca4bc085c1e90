/** A state folder and the sessions that share it: a number of seats, each of which is taken, or free for a while. */
import { join } from 'node:path'
import type { Dice } from '../dice.ts'
import { HostSession, type WayToEnd } from './host-session.ts'
import type { Member } from './platform-life.ts'
import type { RunRecord } from './run-record.ts'

export interface HomeOptions {
  readonly name: string
  readonly members: readonly Member[]
  readonly seats: number
  /** The session of the first seat lives as long as the run. */
  readonly firstStays: boolean
  readonly folder: string
  readonly script: string
  readonly platformUrl: string
  readonly record: RunRecord
  readonly dice: Dice
}

/** Sessions whose hosts never send a receipt, because hooks are off there. */
const NO_HOOKS = 0.25
/** Receipts that do not come although they should. */
const RECEIPT_LOST = 0.1
const MOST_RECEIPT_MS = 300

let sessions = 0

export class Home {
  readonly members: readonly Member[]
  readonly stateFolder: string
  readonly #o: HomeOptions
  readonly #seats: (HostSession | undefined)[]

  constructor(options: HomeOptions) {
    this.#o = options
    this.members = options.members
    this.stateFolder = join(options.folder, options.name)
    this.#seats = Array.from({ length: options.seats }, () => undefined)
  }

  /** The session that lives through the run, or else one of those that run now. */
  get longest(): HostSession | undefined {
    return this.#sessions().at(0)
  }

  /** A session that may be ended, and by preference one with events under way; undefined when there is none. */
  mortal(preferStalled: boolean): HostSession | undefined {
    const mortals = this.#sessions().slice(this.#o.firstStays ? 1 : 0)
    const stalled = mortals.filter((session) => preferStalled && session.stalled)
    return mortals.length === 0 ? undefined : this.#o.dice.pick(stalled.length === 0 ? mortals : stalled)
  }

  /** A session whose host reads; undefined when there is none. */
  reading(): HostSession | undefined {
    const reading = this.#sessions().filter(({ reads }) => reads)
    return reading.length === 0 ? undefined : this.#o.dice.pick(reading)
  }

  /** Seats a new session, if a seat is free. Returns whether one was. */
  start(): boolean {
    const seat = this.#seats.indexOf(undefined)
    if (seat === -1) return false
    this.#seats[seat] = this.#newSession(seat)
    return true
  }

  /**
   * Ends a session. Its mates' pipes are not read until what lies in its own was: nobody can take over before its
   * process is gone, so that the order of reading is the order of writing.
   *
   * @returns how many events in its pipe were never read.
   */
  async end(session: HostSession, way: WayToEnd, readRest: boolean): Promise<number> {
    const mates = this.#sessions().filter((mate) => mate !== session)
    for (const mate of mates) mate.holdBack(true)
    try {
      return await session.end(way, readRest)
    } finally {
      for (const mate of mates) mate.holdBack(false)
      this.#seats[this.#seats.indexOf(session)] = undefined
    }
  }

  /** Every seat is taken and every host reads. */
  calmDown(): void {
    for (const session of this.#sessions()) session.readOn()
    while (this.start()) {
      // Each turn takes one seat.
    }
  }

  /** Whether each workspace has a session that receives for it, with an event stream open. */
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
    const { members, folder, script, platformUrl, record, dice } = this.#o
    const number = ++sessions
    record.deeds.sessions++
    // The one that stays is to show the figures of an ordinary life.
    const hooks = (this.#o.firstStays && seat === 0) || !dice.chance(NO_HOOKS)
    return new HostSession({
      number,
      env: {
        MOLECULE_STATE_DIR: this.stateFolder,
        MOLECULE_PLATFORM_URL: platformUrl,
        MOLECULE_WORKSPACE_IDS: members.map(({ id }) => id).join(','),
        MOLECULE_WORKSPACE_TOKENS: members.map(({ token }) => token).join(','),
        MOLECULE_POLL_INTERVAL_MS: '500',
        MOLECULE_HEARTBEAT_INTERVAL_MS: '2000',
      },
      cwd: folder,
      script,
      pipePath: join(folder, `pipe-${number}`),
      onEvent: (event) => record.see(event, number),
      receiptAfterMs: () =>
        hooks && !dice.chance(RECEIPT_LOST) ? dice.between(0, MOST_RECEIPT_MS) : undefined,
      complain: (sentence) => record.unexpected.push(sentence),
    })
  }
}
