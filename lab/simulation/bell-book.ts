/** Every bell that was rung, and the rules for bells. */
import { readBell } from '../../plugin/host/doorbell/bell.ts'
import type { SimClock } from './sim-clock.ts'
import type { SimProcess } from './sim-process.ts'

interface Rung {
  readonly at: number
  readonly attempt: number
  readonly skewMs: number
  isUnderWay: boolean
}

export interface BookOptions {
  readonly clock: SimClock
  readonly skewMs: () => number
  /** What senders wrote, and their names. */
  readonly words: () => readonly string[]
  readonly onFault: (sentence: string) => void
}

const MIN_GAP_MS = 5_000
/** Before a repetition: what was rung last may still be on its way. */
const MIN_REPEAT_MS = 30_000
export const MAX_ATTEMPTS = 4

export class BellBook {
  rungCount = 0
  heardCount = 0
  /** Results that gave messages. */
  pages = 0
  readonly #options: BookOptions
  readonly #last = new Map<SimProcess, Rung>()
  readonly #ids = new Set<string>()

  constructor(options: BookOptions) {
    this.#options = options
  }

  /** @param queued how many bells lie unheard in the client's queue. */
  rung(process: SimProcess, prompt: string, queued: number): void {
    const { clock, skewMs, words, onFault } = this.#options
    const { number } = process.life
    this.rungCount++
    const id = readBell(prompt)
    const attempt = Number(/attempt (\d+)\)/.exec(prompt)?.[1])
    if (id === undefined || Number.isNaN(attempt)) {
      onFault(`process ${number} rang with another text than a bell: ${prompt}`)
      return
    }
    if (this.#ids.has(id)) onFault(`process ${number} rang twice with the same text`)
    this.#ids.add(id)
    const quoted = words().find((word) => prompt.includes(word))
    if (quoted !== undefined) onFault(`a bell of process ${number} holds a sender's words: ${quoted}`)
    const before = this.#last.get(process)
    const now: Rung = { at: clock.now(), attempt, skewMs: skewMs(), isUnderWay: true }
    this.#last.set(process, now)
    if (attempt > MAX_ATTEMPTS) onFault(`process ${number} rang ${attempt} times for the same messages`)
    if (queued >= MAX_ATTEMPTS) onFault(`${queued} bells of process ${number} wait unheard`)
    if (before === undefined) return
    if (before.isUnderWay) onFault(`process ${number} rang while a bell was under way`)
    // A clock that is set counts as time that has passed.
    if (before.skewMs !== now.skewMs) return
    const least = attempt === 1 ? MIN_GAP_MS : MIN_REPEAT_MS
    if (now.at - before.at < least) {
      onFault(`process ${number} rang attempt ${attempt} ${now.at - before.at} ms after the bell before`)
    }
  }

  /** The bell has left the process, or could not. */
  over(process: SimProcess): void {
    const last = this.#last.get(process)
    if (last !== undefined) last.isUnderWay = false
  }

  heard(): void {
    this.heardCount++
  }

  /** How often a process rang for the messages that wait last. */
  attempts(process: SimProcess): number {
    return this.#last.get(process)?.attempt ?? 0
  }
}
