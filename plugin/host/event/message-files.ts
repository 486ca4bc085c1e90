/** Fetches the files that messages name, and keeps them until their message is written. */

import { describeError } from '../../../base/errors.ts'
import type { Inbound } from '../../../member/client/inbound.ts'
import type { Attachment } from '../../../member/client/message-body.ts'
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

interface Arrived {
  readonly message: Inbound
  /** Undefined: they cannot be fetched. */
  readonly files: readonly ShownFile[] | undefined
}

export class MessageFiles {
  readonly #files: Pick<IncomingFiles, 'prepare'> | undefined
  readonly #onArrival: () => void
  readonly #log: (line: string) => void
  /** Workspaces whose oldest message waits for its files. */
  readonly #fetching = new Set<string>()
  /** By the message's `ord`, from their arrival until the message is written. */
  readonly #arrived = new Map<number, Arrived>()

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
  of({ ord, workspaceId, activityId }: StoredMessage, message: Inbound): FilesOfMessage {
    const arrived = this.#arrived.get(ord)
    if (arrived !== undefined) return { ready: true, files: arrived.files }
    const files = this.#files?.prepare({ workspaceId, activityId }, message.attachments)
    if (!(files instanceof Promise)) return { ready: true, files }
    this.#await(ord, workspaceId, message, files)
    return { ready: false }
  }

  /**
   * What to keep of a message in place of its content, now that the files inside it are on disk: the rest.
   *
   * @returns undefined when there is nothing to leave out.
   */
  lighterContent({ ord }: StoredMessage): string | undefined {
    const arrived = this.#arrived.get(ord)
    return arrived === undefined ? undefined : withoutFiles(arrived)
  }

  /** The message is being written. */
  release({ ord }: StoredMessage): void {
    this.#arrived.delete(ord)
  }

  #await(ord: number, workspaceId: string, message: Inbound, files: Promise<readonly ShownFile[]>): void {
    this.#fetching.add(workspaceId)
    const arrive = (shown: readonly ShownFile[] | undefined): void => {
      this.#arrived.set(ord, { message, files: shown })
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

/** A file on disk need not be kept in the ledger as well, which has no bound on its size. */
function withoutFiles({ message, files }: Arrived): string | undefined {
  const isHeldTwice = ({ base64 }: Attachment, index: number): boolean =>
    base64 != null && files?.[index]?.path !== undefined
  if (!message.attachments.some(isHeldTwice)) return undefined
  const attachments = message.attachments.map((attachment, index) =>
    isHeldTwice(attachment, index) ? { ...attachment, base64: null } : attachment,
  )
  return JSON.stringify({ ...message, attachments })
}
