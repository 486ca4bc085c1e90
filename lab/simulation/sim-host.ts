/** The host of one process: a pipe that accepts lines while there is room, and a reader that reads at random times. */
import type { Dice } from '../dice.ts'
import type { Showing } from '../judge/evidence.ts'
import type { Reading, Sightings } from './sightings.ts'
import type { SimClock } from './sim-clock.ts'

interface Pending {
  readonly reading: Reading
  readonly taken: () => void
}

export interface HostOptions {
  readonly clock: SimClock
  readonly dice: Dice
  readonly sightings: Sightings
  /** The number of the process. */
  readonly process: number
  /** Whether it shows channel events to the model. */
  readonly listens: boolean
  /** Milliseconds since the epoch after which it never pauses. */
  readonly calmAt: number
  /** How many lines the pipe holds. Default: drawn. */
  readonly room?: number | undefined
  /** Called with messages that the model is given as a prompt, while the process lives. */
  readonly onRead: (showings: readonly Showing[]) => void
}

export class SimHost {
  readonly #options: HostOptions
  readonly #room: number
  /** Written but not yet in the pipe: lost when the process ends. */
  #outside: Pending[] = []
  /** In the pipe: the host can read it even if the process dies. */
  #inside: Pending[] = []
  /** In the pipe, but the process does not know it yet. */
  readonly #untold: Pending[] = []
  #reading = false
  #frozen = false
  #processEnded = false

  constructor(options: HostOptions) {
    this.#options = options
    this.#room = options.room ?? options.dice.pick([2, 10, 40, 200])
  }

  get frozen(): boolean {
    return this.#frozen
  }

  /** Receives a notification: a channel event, or a verdict on a permission request. */
  readonly write = (line: string): Promise<void> => {
    const { sightings, process, listens } = this.#options
    const reading = sightings.begin(line, process)
    return this.#push(listens ? reading : { kind: 'other' })
  }

  /**
   * Receives the result of a tool call, which may show messages.
   *
   * @param signal aborts when the call is given up: a result that is read after that is dropped.
   * @returns when the process learns that its bytes have left, and whether the model is given it.
   */
  giveResult(
    showings: readonly Showing[],
    signal: AbortSignal,
  ): { readonly sent: Promise<void>; readonly read: Promise<boolean> } {
    const { promise: read, resolve } = Promise.withResolvers<boolean>()
    const { dropped } = this.#options.sightings
    signal.addEventListener('abort', () => {
      for (const showing of isRead ? [] : showings) dropped.add(showing)
    })
    let isRead = false
    const onRead = (): boolean => {
      isRead = !signal.aborted
      resolve(isRead)
      return isRead
    }
    return { sent: this.#push({ kind: 'result', showings, onRead }), read }
  }

  /** From now on it does not read. */
  freeze(): void {
    this.#frozen = true
  }

  /** The process ended: what was not in the pipe is lost. */
  processEnded(): void {
    this.#processEnded = true
    this.#outside = []
  }

  /** The host itself ended: what is in the pipe is never read. */
  end(): void {
    this.processEnded()
    this.#inside = []
    this.#frozen = true
  }

  #push(reading: Reading): Promise<void> {
    return new Promise((resolve) => {
      this.#outside.push({ reading, taken: resolve })
      this.#take()
    })
  }

  #take(): void {
    const entering = this.#outside.splice(0, Math.max(0, this.#room - this.#inside.length))
    if (entering.length === 0) return
    this.#inside.push(...entering)
    this.#untold.push(...entering)
    if (this.#untold.length === entering.length) this.#tellLater()
    if (!this.#reading) this.#readLater()
  }

  /** The process learns a little later that something is in the pipe, or never, if it ends first. */
  #tellLater(): void {
    const { clock, dice } = this.#options
    clock.after(dice.upTo(3), () => {
      const told = this.#untold.splice(0)
      if (this.#processEnded) return
      for (const { taken } of told) taken()
    })
  }

  #readLater(): void {
    this.#reading = true
    const { clock, dice, calmAt } = this.#options
    const stalls = clock.now() < calmAt && dice.chance(0.08)
    const waitMs = stalls ? dice.random() * 25_000 : 20 + dice.random() * 180
    clock.after(waitMs, () => {
      this.#reading = false
      if (this.#frozen) return
      for (const { reading } of this.#inside.splice(0)) this.#read(reading)
      this.#take()
    })
  }

  #read(reading: Reading): void {
    if (reading.kind === 'other' || (reading.kind === 'result' && !reading.onRead())) return
    const { sightings, onRead } = this.#options
    sightings.read.push(...reading.showings)
    if (!this.#processEnded && reading.kind === 'prompt') onRead(reading.showings)
  }
}
