/**
 * The files that are being fetched from platforms, each of them once, whoever waits for it. A fetch goes on when nobody
 * waits any more: its message was shown, or the call is over.
 *
 * A fetch is `trying`, up to three times in a row, or `pausing` until the next tries, which come by themselves or when
 * somebody asks for the file again. It ends when the file is stored, when it cannot be had, an hour after it began, or
 * with the session.
 */
import { backoffDelayMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import { computeJitteredInterval } from '../../base/jitter.ts'
import { sleep } from '../../base/sleep.ts'
import { limitTransfer, STALL_MS } from '../../base/transfer-limit.ts'
import type { PlatformClient } from '../client/client.ts'
import { PlatformError } from '../client/errors.ts'
import type { Attachment } from '../client/message-body.ts'
import { acknowledgePending, openPending } from '../client/uploads.ts'
import { type FileStore, type StoredFile, UnusableFile } from './file-store.ts'
import { Lanes } from './lanes.ts'

export interface FileFetchesOptions {
  readonly store: Pick<FileStore, 'find' | 'keep'>
  readonly client: (workspaceId: string) => PlatformClient | undefined
  readonly signal: AbortSignal
  readonly clock: Clock
}

/** A fetch as those who wait for the file see it. */
export interface FileFetch {
  /** Resolves when the tries under way are over; what came of them is the {@link outcome}. Never rejects. */
  readonly tries: Promise<void>
  /** Undefined while it is being tried. */
  readonly outcome: FetchOutcome | undefined
  /** Bytes that have come in the current try. */
  readonly received: number
}

/** `again`: it will be tried again without being asked. */
type FetchOutcome = { readonly file: StoredFile } | { readonly error: unknown; readonly again: boolean }

const MAX_ATTEMPTS = 3
/** Files of one workspace fetched at the same time. One that stands still holds up no other. */
const LANES = 4
/** Of one workspace. */
const MAX_FETCHES = 100
const LIFETIME_MS = 60 * 60_000
const FIRST_PAUSE_MS = 30_000
const LONGEST_PAUSE_MS = 10 * 60_000

export class FileFetches {
  readonly #options: FileFetchesOptions
  readonly #fetches = new Map<string, Fetch>()
  readonly #lanes = new Lanes(LANES)

  constructor(options: FileFetchesOptions) {
    this.#options = options
  }

  /** Joins the fetch of this file, or begins one. */
  of(workspaceId: string, fileId: string, attachment: Attachment): FileFetch {
    const key = `${workspaceId}/${fileId}`
    const known = this.#fetches.get(key)
    if (known !== undefined) {
      known.hurry()
      return known
    }
    const ofWorkspace = [...this.#fetches.keys()].filter((one) => one.startsWith(`${workspaceId}/`))
    if (ofWorkspace.length >= MAX_FETCHES) return REFUSED
    const fetch = new Fetch(
      { workspaceId, fileId, attachment },
      this.#options,
      (work) => this.#lanes.run(workspaceId, work),
      () => this.#fetches.delete(key),
    )
    this.#fetches.set(key, fetch)
    return fetch
  }
}

const REFUSED: FileFetch = {
  tries: Promise.resolve(),
  outcome: {
    error: new UnusableFile(`waits behind ${MAX_FETCHES} others that are being fetched`),
    again: false,
  },
  received: 0,
}

interface WantedFile {
  readonly workspaceId: string
  readonly fileId: string
  readonly attachment: Attachment
}

class Fetch implements FileFetch {
  tries: Promise<void> = Promise.resolve()
  outcome: FetchOutcome | undefined
  received = 0
  readonly #file: WantedFile
  readonly #options: FileFetchesOptions
  readonly #inLane: <T>(work: () => Promise<T>) => Promise<T>
  readonly #onEnd: () => void
  readonly #begun: number
  #pauses = 0
  #cancelPause = (): void => {}

  constructor(
    file: WantedFile,
    options: FileFetchesOptions,
    inLane: <T>(work: () => Promise<T>) => Promise<T>,
    onEnd: () => void,
  ) {
    this.#file = file
    this.#options = options
    this.#inLane = inLane
    this.#onEnd = onEnd
    this.#begun = options.clock.now()
    options.signal.addEventListener('abort', this.#stop, { once: true })
    this.#try()
  }

  /** Ends a pause. */
  hurry(): void {
    if (this.outcome !== undefined) this.#try()
  }

  readonly #stop = (): void => {
    this.#cancelPause()
    this.#onEnd()
  }

  #try(): void {
    this.#cancelPause()
    this.outcome = undefined
    this.tries = this.#obtain().then(
      (file) => this.#end({ file }),
      (error: unknown) => this.#failed(error),
    )
  }

  #failed(error: unknown): void {
    const { signal, clock } = this.#options
    const again = !isFinal(error) && Math.abs(clock.now() - this.#begun) < LIFETIME_MS && !signal.aborted
    if (!again) {
      this.#end({ error, again })
      return
    }
    this.outcome = { error, again }
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.#pauses++, LONGEST_PAUSE_MS)
    this.#cancelPause = clock.after(computeJitteredInterval(pause, clock), () => this.#try())
  }

  #end(outcome: FetchOutcome): void {
    this.outcome = outcome
    this.#options.signal.removeEventListener('abort', this.#stop)
    this.#onEnd()
  }

  async #obtain(): Promise<StoredFile> {
    const { workspaceId, fileId } = this.#file
    const { store, client: clientOf } = this.#options
    const stored = await store.find(workspaceId, fileId)
    const client = clientOf(workspaceId)
    if (client === undefined) {
      if (stored !== undefined) return stored
      throw new UnusableFile('belongs to a workspace that is not configured')
    }
    const file = stored ?? (await this.#fetchPatiently(client))
    // Also for a stored file: the process may have ended before it was acknowledged.
    void this.#acknowledge(client)
    return file
  }

  /** Tries up to three times, so that a moment's trouble does not cost the file. */
  async #fetchPatiently(client: PlatformClient): Promise<StoredFile> {
    const { signal, clock } = this.#options
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#inLane(() => this.#fetch(client))
      } catch (error) {
        if (signal.aborted || attempt === MAX_ATTEMPTS || isFinal(error)) throw error
        const asked = error instanceof PlatformError ? error.retryAfterMs : undefined
        await sleep(asked ?? backoffDelayMs(attempt, 0, clock.random), signal, clock)
      }
    }
  }

  async #fetch(client: PlatformClient): Promise<StoredFile> {
    const { workspaceId, fileId, attachment } = this.#file
    const { store, signal, clock } = this.#options
    signal.throwIfAborted()
    const limit = limitTransfer(signal, clock)
    this.received = 0
    try {
      limit.expectAnswer(STALL_MS)
      const content = await openPending(client, fileId, limit.signal)
      // A proxy answers like this for a path it does not know.
      if (content.mimeType === 'text/html' && attachment.mimeType !== 'text/html') {
        await content.body.cancel()
        throw new UnusableFile('came as a web page')
      }
      limit.expectBytes()
      const lengths = [attachment.size, content.length].filter((length) => length != null)
      const { name, mimeType } = attachment
      const body = counted(content.body, (count) => {
        limit.came(count)
        this.received += count
      })
      return await store.keep({ workspaceId, fileId, name, mimeType, lengths }, body)
    } catch (error) {
      // The reading may fail for a reason that only follows from this one.
      if (limit.signal.aborted) throw limit.signal.reason
      throw error
    } finally {
      limit.release()
    }
  }

  async #acknowledge(client: PlatformClient): Promise<void> {
    try {
      await acknowledgePending(client, this.#file.fileId, this.#options.signal)
    } catch {
      // Already acknowledged, or unreachable: the platform removes the file after a day anyway.
    }
  }
}

async function* counted(
  content: AsyncIterable<Uint8Array>,
  onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    onBytes(chunk.byteLength)
    yield chunk
  }
}

/** A 401 is not final: a platform whose database is down says the same. */
function isFinal(error: unknown): boolean {
  return error instanceof UnusableFile || (error instanceof PlatformError && error.kind === 'refused')
}
