/**
 * Probes a host that may listen, as long as nothing has proved it and messages wait that no session receives. The
 * receipt of a probe makes the session a receiver, which ends this.
 */
import type { Clock } from '../../base/clock.ts'
import { describeError } from '../../base/errors.ts'
import { computeJitteredInterval } from '../../base/jitter.ts'
import { sleep } from '../../base/sleep.ts'
import { Wake } from '../../base/wake.ts'
import { probeLine } from '../host/hearing/probe.ts'
import type { Observer } from './observer.ts'

export interface ProbingOptions {
  readonly observer: Observer
  /** A prompt is the only time to probe: the user decides how often. Otherwise every 15 s, too. */
  readonly atPromptsOnly: boolean
  /** Writes one line to the host; resolves when its bytes have left the process. */
  readonly write: (line: string) => Promise<void>
  readonly clock: Clock
  readonly log: (line: string) => void
}

/** The longest time until the plugin notices that a host now listens. */
const INTERVAL_MS = 15_000
/** A host may switch the channel on with the first prompt, just after the hook was asked. */
const AFTER_PROMPT_MS = 1_000

export class Probing {
  readonly #options: ProbingOptions
  readonly #running = new AbortController()
  readonly #wake: Wake
  /** Of the probe written last. */
  #probeId = ''

  constructor(options: ProbingOptions) {
    this.#options = options
    this.#wake = new Wake(options.clock)
  }

  /** A prompt was submitted: the host may have switched the channel on. */
  prompted(): void {
    this.#wake.notify()
  }

  /** Whether a receipt is that of a probe, which was written after every message. */
  isProbe(activityId: string): boolean {
    return activityId === this.#probeId
  }

  /** Probes until it is stopped. Never rejects. */
  async run(): Promise<void> {
    const { observer, atPromptsOnly, write, clock, log } = this.#options
    const { signal } = this.#running
    while (!signal.aborted) {
      await observer.update(signal)
      if (signal.aborted) return
      const [workspaceId] = observer.waitingFor()
      try {
        if (workspaceId !== undefined) {
          this.#probeId = crypto.randomUUID()
          await write(probeLine(workspaceId, this.#probeId))
        }
      } catch (error) {
        // The host reads no more: the pipes show that, too, and end the process.
        log(`cannot probe the host: ${describeError(error)}`)
        return
      }
      const waitMs = atPromptsOnly ? Number.POSITIVE_INFINITY : computeJitteredInterval(INTERVAL_MS, clock)
      const prompted = await this.#wake.wait(waitMs, signal)
      if (prompted) await sleep(AFTER_PROMPT_MS, signal, clock)
    }
  }

  stop(): void {
    this.#running.abort()
  }
}
