/** Fetches the files that messages name, and keeps them until their message is written. */

import { describeError } from '../../../base/errors.ts'
import type { Inbound } from '../../../member/client/inbound.ts'
import type { IncomingFiles, ShownFile } from '../../../member/files/incoming-files.ts'
import type { StoredMessage } from '../../../member/ledger/ledger.ts'

export interface MessageFilesOptions {
  /** Without it, files are named and not fetched. */
  readonly files: Pick<IncomingFiles, 'prepare'> | undefined
  /** Called when the files of a message have arrived. */
  readonly onArrival: () => void
  readonly log: (line: string) => void
}

export type FilesOfMessage =
  | { readonly ready: true; readonly files: readonly ShownFile[] | undefined }
  | { readonly ready: false }

export class MessageFiles {
  readonly #files: Pick<IncomingFiles, 'prepare'> | undefined
  readonly #onArrival: () => void
  readonly #log: (line: string) => void
  /** Workspaces whose oldest message waits for its files. */
  readonly #fetching = new Set<string>()
  /** By the message's `ord`, from their arrival until the message is written. Undefined: they cannot be fetched. */
  readonly #arrived = new Map<number, readonly ShownFile[] | undefined>()

  constructor({ files, onArrival, log }: MessageFilesOptions) {
    this.#files = files
    this.#onArrival = onArrival
    this.#log = log
  }

  isFetching(workspaceId: string): boolean {
    return this.#fetching.has(workspaceId)
  }

  /**
   * The files of a message; starts fetching them if necessary.
   *
   * @throws any error from preparing them.
   */
  of({ ord, workspaceId, activityId }: StoredMessage, { attachments }: Inbound): FilesOfMessage {
    if (this.#arrived.has(ord)) return { ready: true, files: this.#arrived.get(ord) }
    const files = this.#files?.prepare({ workspaceId, activityId }, attachments)
    if (!(files instanceof Promise)) return { ready: true, files }
    this.#await(ord, workspaceId, files)
    return { ready: false }
  }

  /** The message is being written. */
  release({ ord }: StoredMessage): void {
    this.#arrived.delete(ord)
  }

  #await(ord: number, workspaceId: string, files: Promise<readonly ShownFile[]>): void {
    this.#fetching.add(workspaceId)
    const arrive = (shown: readonly ShownFile[] | undefined): void => {
      this.#arrived.set(ord, shown)
      this.#fetching.delete(workspaceId)
      this.#onArrival()
    }
    files.then(arrive, (error: unknown) => {
      // The message still goes out, and names its files.
      this.#log(`the files of a message cannot be fetched: ${describeError(error)}`)
      arrive(undefined)
    })
  }
}
