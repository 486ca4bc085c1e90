/**
 * Up to which row the platform holds this workspace's messages for received. A ledger that lacks one of them is a copy
 * of an older one, or belongs to another state folder: the message may have been shown before.
 */
import { acknowledge } from '../client/activity.ts'
import { PlatformError } from '../client/errors.ts'
import type { Workspace } from './workspace.ts'

/** A platform that cannot answer this, while it answers everything else, must not stop reading. */
const MAX_FAILURES = 3

export class AckedBefore {
  readonly #workspace: Pick<Workspace, 'client' | 'signal'>
  #answer: { readonly seq: number | undefined } | undefined
  #failures = 0

  constructor(workspace: Pick<Workspace, 'client' | 'signal'>) {
    this.#workspace = workspace
  }

  /** The highest acknowledged number when this was first asked; undefined if the platform does not say. */
  get seq(): number | undefined {
    return this.#answer?.seq
  }

  /** @throws PlatformError while it is worth asking again. */
  async ask(): Promise<void> {
    if (this.#answer !== undefined) return
    const { client, signal } = this.#workspace
    try {
      // Zero acknowledges nothing.
      this.#answer = { seq: await acknowledge(client, 0, signal) }
    } catch (error) {
      signal.throwIfAborted()
      const isRefused = error instanceof PlatformError && error.kind === 'refused'
      if (!isRefused && ++this.#failures < MAX_FAILURES) throw error
      this.#answer = { seq: undefined }
    }
  }
}
