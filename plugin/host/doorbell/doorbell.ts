/**
 * Rings when messages wait: puts one line into the inbox of the session's own host, whose model then reads the messages
 * with a tool. A bell proves nothing about messages: only the tool's result shows them. It lasts as long as the session,
 * since what was rung is under way whatever becomes of the configuration.
 */
import type { Clock } from '../../../base/clock.ts'
import { describeError } from '../../../base/errors.ts'
import { counted } from '../../../base/plural.ts'
import type { ChannelEvent } from '../event/notification.ts'
import type { Ready } from '../event/outlet.ts'
import type { Receipt } from '../hearing/receipt.ts'
import { bellPrompt } from './bell.ts'
import { BellPace, type Decision } from './pace.ts'

export interface DoorbellOptions {
  /** Puts a prompt into the host's inbox. Rejects when it certainly did not get there. */
  readonly ring: (prompt: string, signal: AbortSignal) => Promise<void>
  /** As often as allowed, the host was rung and passed no bell on, though it passes prompts on. */
  readonly onUnheard: () => void
  readonly log: (line: string) => void
  readonly clock: Clock
}

/** Messages that wait to be read. */
export interface WaitingRoom {
  /** How many there are, those of a digest aside. */
  readonly waiting: () => number
  /** Aborts when they do not wait here any more. */
  readonly signal: AbortSignal
}

/** For `status`. */
export interface DoorbellView {
  /** How many messages wait to be read. */
  readonly waiting: number
  /** Bells in the life of this session; how many of them the host passed on. */
  readonly rung: number
  readonly heard: number
  /** Bells since messages were last read. */
  readonly attempts: number
  /** It rings no more until the person types or the model calls a tool. */
  readonly gaveUp: boolean
  /** Why the last bell could not be rung; undefined when it could. */
  readonly problem: string | undefined
}

const isDigest = ({ meta }: ChannelEvent): boolean => meta.digest_count !== undefined

/** Beyond this, the oldest reading of a turn stays unconfirmed, and may be repeated, marked. */
const MAX_READ = 20_000
/** More than can be under way. */
const MAX_IDS = 20

export class Doorbell {
  readonly #options: DoorbellOptions
  #pace = new BellPace()
  #room: WaitingRoom | undefined
  #first: readonly Ready[] = []
  /** Of bells not heard yet, the newest last. One may be heard after messages were read, or after the next bell. */
  #ids: string[] = []
  /** What the model was given in the running turn. */
  #read: readonly Receipt[] = []
  #gaveUp = false
  #ringing = false
  #rung = 0
  #heard = 0
  /** The hooks report what the host passes on. */
  #isHooked = false
  #problem: string | undefined
  #cancel: (() => void) | undefined

  constructor(options: DoorbellOptions) {
    this.#options = options
  }

  /** From here on it rings for these messages. */
  serve(room: WaitingRoom): void {
    this.#room = room
    this.#first = []
    room.signal.addEventListener('abort', () => this.#leave(room), { once: true })
  }

  #leave(room: WaitingRoom): void {
    if (this.#room !== room) return
    this.#room = undefined
    this.#cancel?.()
  }

  get view(): DoorbellView {
    return {
      waiting: this.#waiting(),
      rung: this.#rung,
      heard: this.#heard,
      attempts: this.#pace.attempts,
      gaveUp: this.#gaveUp,
      problem: this.#problem,
    }
  }

  /** What could be read next. */
  announce(first: readonly Ready[]): void {
    this.#first = first
    this.#consider()
  }

  /** The prompt hook got a bell. @returns whether it is one of this session. */
  heard(id: string): boolean {
    if (!this.#ids.includes(id)) return false
    this.#ids = this.#ids.filter((other) => other !== id)
    this.#isHooked = true
    this.#heard++
    this.#pace.heard(this.#now())
    this.#consider()
    return true
  }

  /**
   * The host submitted a prompt that is none of ours.
   *
   * @param isTyped a person may have typed it.
   * @returns what to tell them and the model, if bells brought nothing.
   */
  prompted(isTyped: boolean): string | undefined {
    this.#isHooked = true
    this.#pace.hooked()
    this.#pace.active(this.#now())
    const waiting = isTyped && this.#gaveUp ? this.#waiting() : 0
    if (waiting === 0) {
      this.#consider()
      return undefined
    }
    this.#tell()
    return `${counted(waiting, 'message')} of the Molecule platform ${waiting === 1 ? 'waits' : 'wait'}: this session was rung ${counted(this.#rung, 'time')}, and did not read ${waiting === 1 ? 'it' : 'them'}. The read_messages tool shows ${waiting === 1 ? 'it' : 'them'}.`
  }

  /** The model called a tool, whose result says what waits. */
  toolCalled(): void {
    this.#pace.active(this.#now())
    if (this.#gaveUp) this.#tell()
    else this.#consider()
  }

  /** The model has had its last word in a turn. @returns what it was given in it. */
  turnEnded(): readonly Receipt[] {
    this.#isHooked = true
    this.#pace.turnEnded()
    this.#consider()
    const read = this.#read
    this.#read = []
    return read
  }

  /** The model was given messages. */
  read(messages: readonly Receipt[]): void {
    this.#read = [...this.#read, ...messages].slice(-MAX_READ)
    this.#tell()
  }

  /** The host has dropped messages that had left: the model was not given them. */
  dropped(messages: readonly Receipt[]): void {
    const isDropped = (read: Receipt): boolean =>
      messages.some((one) => one.workspaceId === read.workspaceId && one.activityId === read.activityId)
    this.#read = this.#read.filter((read) => !isDropped(read))
  }

  #tell(): void {
    this.#gaveUp = false
    this.#pace.told(this.#now())
    this.#consider()
  }

  #consider(): void {
    this.#cancel?.()
    this.#cancel = undefined
    if (this.#room === undefined || this.#ringing || this.#gaveUp) return
    const decision = this.#first.length === 0 ? undefined : this.#decide()
    switch (decision?.do) {
      case undefined:
        return
      case 'ring':
        void this.#ring(decision.attempt, this.#room.signal)
        return
      case 'wait':
        if (Number.isFinite(decision.ms)) {
          this.#cancel = this.#options.clock.after(decision.ms, () => this.#consider())
        }
        return
      case 'unread':
      case 'unheard':
        this.#giveUp(decision.do)
    }
  }

  #decide(): Decision {
    return this.#pace.decide(this.#waiting(), this.#now())
  }

  #giveUp(why: 'unread' | 'unheard'): void {
    const { log, onUnheard } = this.#options
    if (why === 'unheard' && this.#isHooked) {
      this.#pace = new BellPace()
      onUnheard()
      return
    }
    this.#gaveUp = true
    log(
      `rings no more until somebody is there: ${counted(this.#pace.attempts, 'bell')} brought nobody to read`,
    )
  }

  async #ring(attempt: number, signal: AbortSignal): Promise<void> {
    const { ring, log, clock } = this.#options
    const id = crypto.randomUUID()
    const prompt = bellPrompt({ total: this.#waiting(), first: this.#first }, { id, attempt })
    this.#ringing = true
    // Before the bell is rung: it may be heard before the connection is closed.
    this.#ids = [...this.#ids, id].slice(-MAX_IDS)
    this.#pace.rung(clock.now())
    this.#rung++
    try {
      await ring(prompt, signal)
      this.#problem = undefined
    } catch (error) {
      const problem = describeError(error)
      if (!signal.aborted && problem !== this.#problem) log(`cannot ring Claude Code: ${problem}`)
      this.#problem = problem
    }
    this.#ringing = false
    this.#consider()
  }

  /** A digest that is due counts as one. The ledger may be busy: then as many as are known wait. */
  #waiting(): number {
    try {
      return (this.#room?.waiting() ?? 0) + this.#first.filter(({ event }) => isDigest(event)).length
    } catch {
      // The next event asks again.
      return this.#first.length
    }
  }

  #now(): number {
    return this.#options.clock.now()
  }
}
