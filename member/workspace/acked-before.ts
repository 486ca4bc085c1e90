/**
 * Up to which row the platform holds this workspace's messages for received. A ledger that lacks one of them is a copy
 * of an older one, or belongs to another state folder: the message may have been shown before.
 */
import { type ActivityRow, acknowledge } from '../client/activity.ts'
import { PlatformError } from '../client/errors.ts'
import type { Workspace } from './workspace.ts'

/**
 * A platform that cannot answer this, while it answers everything else, must not stop reading. What is older than this
 * session is then marked: better one mark too many than a repeat without.
 */
const MAX_FAILURES = 3

export class AckedBefore {
  readonly #workspace: Pick<Workspace, 'client' | 'signal'>
  readonly #startedAt: number
  /** The highest acknowledged number; undefined if the platform has none. */
  #answer: { readonly seq: number | 'unknown' | undefined } | undefined
  #failures = 0

  /** @param startedAt when the session began to read, in milliseconds since the epoch. */
  constructor(workspace: Pick<Workspace, 'client' | 'signal'>, startedAt: number) {
    this.#workspace = workspace
    this.#startedAt = startedAt
  }

  /** Whether a row that the ledger lacks may have been shown. Ask the platform first. */
  mayHaveShown({ seq, created_at }: ActivityRow): boolean {
    const acked = this.#answer?.seq
    if (seq == null || acked === undefined) return false
    return acked === 'unknown' ? Date.parse(created_at) < this.#startedAt : seq <= acked
  }

  /**
   * Asks the platform, once.
   *
   * @throws PlatformError while it is worth asking again.
   */
  async ask(): Promise<void> {
    if (this.#answer !== undefined) return
    const { client, signal } = this.#workspace
    for (let refusals = 1; ; refusals++) {
      try {
        // Zero acknowledges nothing.
        this.#answer = { seq: await acknowledge(client, 0, signal) }
        return
      } catch (error) {
        signal.throwIfAborted()
        const isRefused = error instanceof PlatformError && error.kind === 'refused'
        // A single refusal may be the word of a proxy.
        if (isRefused && refusals < MAX_FAILURES) continue
        if (!isRefused && ++this.#failures < MAX_FAILURES) throw error
        this.#answer = { seq: isRefused ? undefined : 'unknown' }
        return
      }
    }
  }
}
