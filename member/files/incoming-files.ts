/** Puts the files of a message on disk before the message is shown: those that the platform keeps, and those inside it. */
import { backoffDelayMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import { describeError } from '../../base/errors.ts'
import { deadline } from '../../base/http.ts'
import { sleep } from '../../base/sleep.ts'
import type { PlatformClient } from '../client/client.ts'
import { PlatformError } from '../client/errors.ts'
import type { Attachment } from '../client/message-body.ts'
import { acknowledgePending, openPending } from '../client/uploads.ts'
import { trueMimeType } from './file-kinds.ts'
import { type Plan, planFiles } from './file-plan.ts'
import { type FileStore, type StoredFile, UnusableFile } from './file-store.ts'

/** A file as the event shows it. */
export interface ShownFile {
  readonly name: string
  readonly mimeType: string
  readonly kind: 'image' | 'audio' | 'video' | 'file'
  /** On this machine. */
  readonly path?: string
  /** Its address elsewhere, which was not fetched. */
  readonly uri?: string
  /** What is wrong with it. */
  readonly error?: string
}

const MAX_ATTEMPTS = 3
/** The namespace of the ids of files that came inside messages (RFC 9562 section 5.5). */
const INSIDE = '6f1d3a0e-52c4-4c1b-9a77-0d8a4a3f6b21'
/** How long a message waits for its files, in milliseconds. */
const PATIENCE_MS = 20_000
/** After a message whose files did not come in time, the next ones wait for only this share. */
const SHORTENED = 1 / 10

/** Which message the files belong to. Both are UUIDs. */
interface MessageId {
  readonly workspaceId: string
  readonly activityId: string
}

export interface IncomingFilesOptions {
  readonly store: Pick<FileStore, 'find' | 'keep'>
  readonly client: (workspaceId: string) => PlatformClient | undefined
  readonly signal: AbortSignal
  readonly log: (line: string) => void
  readonly clock: Clock
}

export class IncomingFiles {
  readonly #store: IncomingFilesOptions['store']
  readonly #clientOf: IncomingFilesOptions['client']
  readonly #signal: AbortSignal
  readonly #log: (line: string) => void
  readonly #clock: Clock
  /** Workspaces whose files did not come in time for the last message. */
  readonly #slow = new Set<string>()

  constructor(options: IncomingFilesOptions) {
    this.#store = options.store
    this.#clientOf = options.client
    this.#signal = options.signal
    this.#log = options.log
    this.#clock = options.clock
  }

  /**
   * Prepares the files of a message: at once when there is nothing to fetch or to keep, otherwise once every file has come
   * or failed, within a bounded time. The promise never rejects.
   */
  prepare(
    { workspaceId, activityId }: MessageId,
    attachments: readonly Attachment[],
  ): readonly ShownFile[] | Promise<readonly ShownFile[]> {
    const plans = planFiles(attachments, workspaceId)
    const files = attachments.map((attachment, index) => ({ attachment, plan: plans[index] }))
    if (!plans.some((plan) => 'fetch' in plan || 'keep' in plan)) {
      return files.map(({ attachment, plan }) => show(attachment, plan))
    }
    return this.#obtain(workspaceId, activityId, files)
  }

  /** One after the other, so that memory and disk deal with one file of a workspace at a time. */
  async #obtain(
    workspaceId: string,
    activityId: string,
    files: readonly { readonly attachment: Attachment; readonly plan: Plan | undefined }[],
  ): Promise<readonly ShownFile[]> {
    const patienceMs = this.#slow.has(workspaceId) ? PATIENCE_MS * SHORTENED : PATIENCE_MS
    const { signal, release } = deadline(patienceMs, this.#signal, this.#clock)
    const shown: ShownFile[] = []
    for (const [index, { attachment, plan }] of files.entries()) {
      if (plan !== undefined && 'fetch' in plan) {
        shown.push(await this.#fetchOne(workspaceId, plan.fetch, attachment, signal))
      } else if (plan !== undefined && 'keep' in plan) {
        // Always the same for this file of this message, so that a repeat finds it. Not every activity id is a UUID.
        const fileId = Bun.randomUUIDv5(`${activityId} ${index}`, INSIDE)
        shown.push(await this.#keepOne(workspaceId, fileId, plan.keep, attachment))
      } else shown.push(show(attachment, plan))
    }
    if (files.some(({ plan }) => plan !== undefined && 'fetch' in plan)) {
      if (signal.aborted) this.#slow.add(workspaceId)
      else this.#slow.delete(workspaceId)
    }
    release()
    return shown
  }

  async #keepOne(
    workspaceId: string,
    fileId: string,
    base64: string | null,
    attachment: Attachment,
  ): Promise<ShownFile> {
    try {
      const { name, mimeType } = attachment
      const file = { workspaceId, fileId, name, mimeType, lengths: [] }
      const stored = await this.#store.find(workspaceId, fileId)
      return showStored(attachment, stored ?? (await this.#store.keep(file, decode(base64))))
    } catch (error) {
      const why = `not kept: ${error instanceof UnusableFile ? `it ${error.message}` : describeError(error)}`
      this.#log(`a file of workspace ${workspaceId} is shown without its content: ${why}`)
      return show(attachment, { error: why })
    }
  }

  async #fetchOne(
    workspaceId: string,
    fileId: string,
    attachment: Attachment,
    signal: AbortSignal,
  ): Promise<ShownFile> {
    try {
      const client = this.#clientOf(workspaceId)
      const stored = await this.#store.find(workspaceId, fileId)
      const file = stored ?? (await this.#fetchPatiently(workspaceId, fileId, attachment, signal))
      // Also for a stored file: the process may have ended before it was acknowledged.
      if (client !== undefined) void this.#acknowledge(client, fileId)
      return showStored(attachment, file)
    } catch (error) {
      const why = signal.aborted ? 'not fetched: it did not arrive in time' : reasonFor(error)
      this.#log(`a file of workspace ${workspaceId} is shown without its content: ${why}`)
      return show(attachment, { error: why })
    }
  }

  /** Tries up to three times, so that a moment's trouble does not cost the file. */
  async #fetchPatiently(
    workspaceId: string,
    fileId: string,
    attachment: Attachment,
    signal: AbortSignal,
  ): Promise<StoredFile> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#fetch(workspaceId, fileId, attachment, signal)
      } catch (error) {
        if (signal.aborted || attempt === MAX_ATTEMPTS || isFinal(error)) throw error
        const asked = error instanceof PlatformError ? error.retryAfterMs : undefined
        await sleep(asked ?? backoffDelayMs(attempt, 0, this.#clock.random), signal, this.#clock)
      }
    }
  }

  async #fetch(
    workspaceId: string,
    fileId: string,
    attachment: Attachment,
    signal: AbortSignal,
  ): Promise<StoredFile> {
    const client = this.#clientOf(workspaceId)
    if (client === undefined) throw new UnusableFile('belongs to a workspace that is not configured')
    signal.throwIfAborted()
    const content = await openPending(client, fileId, signal)
    // A proxy answers like this for a path it does not know.
    if (content.mimeType === 'text/html' && attachment.mimeType !== 'text/html') {
      await content.body.cancel()
      throw new UnusableFile('came as a web page')
    }
    const lengths = [attachment.size, content.length].filter((length) => length != null)
    const { name, mimeType } = attachment
    return this.#store.keep({ workspaceId, fileId, name, mimeType, lengths }, content.body)
  }

  async #acknowledge(client: PlatformClient, fileId: string): Promise<void> {
    try {
      await acknowledgePending(client, fileId, this.#signal)
    } catch {
      // Already acknowledged, or unreachable: the platform removes the file after a day anyway.
    }
  }
}

/** @throws UnusableFile */
async function* decode(base64: string | null): AsyncGenerator<Uint8Array> {
  if (base64 === null) throw new UnusableFile('was removed from this machine since the message came')
  try {
    yield Uint8Array.fromBase64(base64, { alphabet: /[-_]/.test(base64) ? 'base64url' : 'base64' })
  } catch (error) {
    if (error instanceof SyntaxError) throw new UnusableFile('has content that is not valid base64')
    throw error
  }
}

function show({ name, mimeType }: Attachment, plan: Plan | undefined): ShownFile {
  return {
    name,
    mimeType,
    kind: kindOf(mimeType),
    ...(plan !== undefined && 'uri' in plan ? { uri: plan.uri } : {}),
    ...(plan !== undefined && 'error' in plan ? { error: plan.error } : {}),
  }
}

/** The content outranks the declared type. */
function showStored({ name, mimeType: declared }: Attachment, { path, kind }: StoredFile): ShownFile {
  const mimeType = trueMimeType(kind, declared)
  const isLie = mimeType !== declared && declared !== '' && kind === undefined
  return {
    name,
    mimeType,
    // Only content proves an image: the model's provider refuses a fake one.
    kind: declared.startsWith('image/') && kind === undefined ? 'file' : kindOf(mimeType),
    path,
    ...(isLie ? { error: `not of the declared type (${declared}): do not open it as such` } : {}),
  }
}

function kindOf(mimeType: string): ShownFile['kind'] {
  const kind = (['image', 'audio', 'video'] as const).find((prefix) => mimeType.startsWith(`${prefix}/`))
  return kind ?? 'file'
}

/** A 401 is not final: a platform whose database is down says the same. */
function isFinal(error: unknown): boolean {
  return error instanceof UnusableFile || (error instanceof PlatformError && error.kind === 'refused')
}

function reasonFor(error: unknown): string {
  if (error instanceof UnusableFile) return `not fetched: it ${error.message}`
  if (error instanceof PlatformError && error.status === 404 && error.body !== '') {
    return 'not fetched: the platform no longer has it, since it keeps a file for a day. Ask the sender to send it again'
  }
  return `not fetched: ${describeError(error)}`
}
