/**
 * Tells a backend that tasks which its workspace gave to others are over: at most once a minute, all of them together.
 * It is told ids and states, never a word of a peer; the outcomes are in the file of `delegation-results.ts`. What it has
 * not been told yet is kept on the disk.
 */
import { z } from 'zod'
import type { Clock } from '../base/clock.ts'
import { plainText } from '../base/plain-text.ts'
import { readRegularFile, replaceFile } from '../member/folder/regular-file.ts'

const INTERVAL_MS = 60_000
/** Several that end together are told together. */
const SETTLE_MS = 1_000
/** Beyond this, the oldest is left to the file of the outcomes alone. */
const MAX_PENDING = 512

const finishedSchema = z.object({ id: z.string(), status: z.string() })
const stateSchema = z.object({
  /** When the backend was last told, in milliseconds since the epoch; null: never. */
  wokenAt: z.number().nullable(),
  pending: z.array(finishedSchema).max(MAX_PENDING),
})

type State = z.infer<typeof stateSchema>
export type Finished = z.infer<typeof finishedSchema>

export class Wakes {
  readonly #path: string
  readonly #clock: Pick<Clock, 'now'>
  readonly #warn: (sentence: string) => void
  #pending: readonly Finished[]
  #wokenAt: number | null
  /** When the first of those pending was added. */
  #addedAt = Number.NEGATIVE_INFINITY

  constructor(path: string, clock: Pick<Clock, 'now'>, warn: (sentence: string) => void) {
    this.#path = path
    this.#clock = clock
    this.#warn = warn
    const { pending, wokenAt } = readState(path)
    this.#pending = pending
    this.#wokenAt = wokenAt
  }

  add(finished: Finished): void {
    if (this.#pending.length === 0) this.#addedAt = this.#clock.now()
    this.#keep([...this.#pending.filter(({ id }) => id !== finished.id), finished].slice(-MAX_PENDING))
  }

  /** What to tell now; undefined while there is nothing, or the last time was less than a minute ago. */
  due(): readonly Finished[] | undefined {
    const now = this.#clock.now()
    const wokenAt = this.#wokenAt ?? Number.NEGATIVE_INFINITY
    const isSoon = Math.abs(now - wokenAt) < INTERVAL_MS || Math.abs(now - this.#addedAt) < SETTLE_MS
    return this.#pending.length === 0 || isSoon ? undefined : this.#pending
  }

  /** A backend was told, or is about to fail for the last time. */
  told(finished: readonly Finished[]): void {
    this.#wokenAt = this.#clock.now()
    const ids = new Set(finished.map(({ id }) => id))
    this.#keep(this.#pending.filter(({ id }) => !ids.has(id)))
  }

  /** Telling begins: unless it succeeds, the same is told again a minute later, also by the next process. */
  postpone(): void {
    this.#wokenAt = this.#clock.now()
    this.#keep(this.#pending)
  }

  #keep(pending: readonly Finished[]): void {
    this.#pending = pending
    try {
      replaceFile(this.#path, JSON.stringify({ wokenAt: this.#wokenAt, pending }))
    } catch (error) {
      // The outcomes themselves are on the disk; only a restart before the next wake would forget to tell of them.
      this.#warn(`cannot keep which finished tasks its backend was not told of: ${String(error)}`)
    }
  }
}

function readState(path: string): State {
  try {
    return stateSchema.parse(JSON.parse(readRegularFile(path)))
  } catch {
    // There is none, or somebody else wrote it: the outcomes are in their own file.
    return { wokenAt: null, pending: [] }
  }
}

/**
 * The words of a wake. Pure.
 *
 * @param file where the outcomes are.
 * @param parent whom to report to, if there is somebody.
 */
export function wakeText(finished: readonly Finished[], file: string, parent: string | undefined): string {
  const list = finished.map(({ id, status }) => `- ${plainText(id, 100)}: ${plainText(status, 40)}`)
  const report =
    parent === undefined ? '' : `\n\nYour answer goes to "${plainText(parent, 100)}": report to them.`
  const are = finished.length === 1 ? 'A task that you gave is' : `${finished.length} tasks that you gave are`
  return `${are} over:\n${list.join('\n')}\n\nTheir results are in ${file}, one JSON object in a line.${report}`
}
