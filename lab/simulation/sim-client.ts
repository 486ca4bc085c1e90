/**
 * Claude Code as a client that is rung: an inbox that loses, delays and drops what is put into it; turns, which a bell, or
 * the person, begins; and a model that follows a bell by reading, mostly.
 */

import { readBell } from '../../plugin/host/doorbell/bell.ts'
import type { HostInbox } from '../../plugin/host/doorbell/host-inbox.ts'
import type { Dice } from '../dice.ts'
import { saysMore } from '../driver/read-page.ts'
import type { Showing } from '../judge/evidence.ts'
import type { BellBook } from './bell-book.ts'
import type { RungHost } from './rung-hosts.ts'
import type { SimClock } from './sim-clock.ts'
import type { SimProcess } from './sim-process.ts'

export interface ClientOptions {
  readonly dice: Dice
  readonly clock: SimClock
  readonly kind: RungHost
  readonly book: BellBook
  /** Whether nothing goes wrong any more. */
  readonly isCalm: () => boolean
  readonly process: () => SimProcess
  readonly onRead: (showing: Showing) => void
  /** The turn has ended, and the hook reported it: the model has read these. */
  readonly onTurnEnded: (showings: readonly Showing[]) => void
}

/** How a call ends for the model. */
type Read = 'more' | 'all' | 'interrupted'

/** A socket whose client does not read is given up. */
const UNREAD_MS = 5_000
/** More are refused. */
const MAX_QUEUED = 50
const READS_LATE_MS = 20_000
const MAX_PAGES = 60

export class SimClient {
  readonly inbox: HostInbox
  readonly #options: ClientOptions
  readonly #queue: string[] = []
  /** A hook has reported something. */
  hooked = false
  /** What the model was given in the running turn; undefined while it is idle. */
  #turn: Showing[] | undefined

  constructor(options: ClientOptions) {
    this.#options = options
    const { refusal } = options.kind
    this.inbox = { look: () => ({ refusal, asksNothing: false }), put: (prompt) => this.#put(prompt) }
  }

  /** The model was given these messages by a result. */
  read(showings: readonly Showing[]): void {
    this.#turn?.push(...showings)
    for (const showing of showings) this.#options.onRead(showing)
  }

  /**
   * The person types a prompt, in which the model does something. Nothing happens while a turn runs.
   *
   * @returns whether it was typed.
   */
  type(work: () => Promise<unknown>): boolean {
    if (this.#turn !== undefined || !this.#lives()) return false
    void this.#takeTurn(async () => {
      this.#hook((session) => session.submitted(undefined))
      await work()
      return true
    })
    return true
  }

  /** The person asks the model to read everything that waits. */
  async readAll(): Promise<void> {
    for (let pages = 0; pages < MAX_PAGES && (await this.#read()) === 'more'; pages++) {
      // Each turn reads one page.
    }
  }

  async #put(prompt: string): Promise<void> {
    const { dice, clock, kind, book, process, isCalm } = this.#options
    const { life, host } = process()
    life.half()
    const isLost = !isCalm() && dice.chance(0.15)
    const fails = !isCalm() && dice.chance(0.08)
    book.rung(process(), prompt, this.#queue.filter((other) => readBell(other) !== undefined).length)
    await this.#wait(host.frozen ? UNREAD_MS : dice.upTo(20))
    book.over(process())
    life.half()
    if (host.frozen || fails) throw new Error('the inbox cannot be reached')
    // Dropped without a word, as one of too many.
    if (isLost || !kind.passesOn || this.#queue.length >= MAX_QUEUED) return
    const delayMs = !isCalm() && dice.chance(0.15) ? dice.upTo(15_000) : 60 + dice.upTo(90)
    clock.after(delayMs, () => {
      this.#queue.push(prompt)
      this.#drain()
    })
  }

  /** A bell begins a turn of an idle session; a busy one gets it with the next result, or after the turn. */
  #drain(): void {
    if (this.#turn !== undefined || this.#queue.length === 0 || !this.#lives()) return
    void this.#takeTurn(async () => {
      this.#hear()
      return this.#follow()
    })
  }

  #hear(): void {
    const { book } = this.#options
    for (const prompt of this.#queue.splice(0)) {
      const bell = readBell(prompt)
      if (bell === undefined) continue
      book.heard()
      this.#hook((session) => session.submitted({ bell }))
    }
  }

  /** @returns whether the end of the turn is reported. */
  async #takeTurn(act: () => Promise<boolean>): Promise<void> {
    const { dice, isCalm, onTurnEnded, process } = this.#options
    const given: Showing[] = []
    this.#turn = given
    const isReported = await act()
    // Mostly there are some words left to say.
    await this.#wait(dice.upTo(1_500))
    if (!this.#lives()) return
    this.#turn = undefined
    const forgets = !isCalm() && dice.chance(0.05)
    if (isReported && !forgets && process().kind.hooks && !process().life.stopped) {
      this.#hook((session) => session.turnEnded())
      onTurnEnded(given)
    }
    this.#drain()
  }

  async #follow(): Promise<boolean> {
    const { dice, isCalm } = this.#options
    if (isCalm()) {
      await this.#wait(dice.upTo(1_000))
      await this.readAll()
      return true
    }
    if (dice.chance(0.1)) return true
    await this.#wait(dice.chance(0.15) ? dice.upTo(READS_LATE_MS) : dice.upTo(2_000))
    const pages = dice.chance(0.2) ? 1 : MAX_PAGES
    for (let left = pages; left > 0; left--) {
      const read = await this.#read()
      if (read === 'interrupted') return false
      if (read === 'all') break
      this.#hear()
    }
    return true
  }

  async #read(): Promise<Read> {
    const { dice, clock, isCalm, process } = this.#options
    const gaveUp = new AbortController()
    if (!isCalm() && dice.chance(0.1)) clock.after(dice.upTo(400), () => gaveUp.abort())
    const outcome = await process().call('read_messages', {}, gaveUp.signal)
    if (outcome === undefined) return 'interrupted'
    return saysMore(outcome.text) ? 'more' : 'all'
  }

  #hook(report: (session: SimProcess['session']) => void): void {
    const { life, host, kind, session } = this.#options.process()
    if (!kind.hooks || life.dead || life.stopped || host.frozen) return
    this.hooked = true
    report(session)
  }

  #lives(): boolean {
    const { life, host } = this.#options.process()
    return !life.dead && !host.frozen
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.after(ms, resolve))
  }
}
