/** Puts the files of a message on disk before the message is shown: those that the platform keeps, and those inside it. */
import type { Clock } from '../../base/clock.ts'
import { describeError } from '../../base/errors.ts'
import { deadline } from '../../base/http.ts'
import { PlatformError } from '../client/errors.ts'
import type { Attachment } from '../client/message-body.ts'
import { type FileFetch, FileFetches, type FileFetchesOptions } from './file-fetches.ts'
import { trueMimeType } from './file-kinds.ts'
import { type Plan, planFiles } from './file-plan.ts'
import { type FileStore, megabytes, type StoredFile, UnusableFile } from './file-store.ts'
import { WaitBudget } from './wait-budget.ts'

/** A file as the event shows it. */
export interface ShownFile {
  readonly name: string
  readonly mimeType: string
  readonly kind: 'image' | 'audio' | 'video' | 'file'
  /** On this machine. */
  readonly path?: string
  /** Its address elsewhere, which was not fetched. */
  readonly uri?: string
  /** What is wrong with it, or that it is still on its way. */
  readonly error?: string
  /** It is being fetched at this moment. */
  readonly isComing?: true
}

/** The namespace of the ids of files that came inside messages (RFC 9562 section 5.5). */
const INSIDE = '6f1d3a0e-52c4-4c1b-9a77-0d8a4a3f6b21'
/** How long a message waits for its files, in milliseconds: it holds up the later ones of its workspace. */
const PATIENCE_MS = 20_000
/** As long as not one byte came of the files of the message before. */
const SHORT_PATIENCE_MS = 2_000

/** What a message is told of a file that may still come. */
const LATER = 'inbox with this activity_id waits for it'

/** Which message the files belong to. Both are UUIDs. */
interface MessageId {
  readonly workspaceId: string
  readonly activityId: string
}

export interface IncomingFilesOptions extends FileFetchesOptions {
  readonly log: (line: string) => void
}

/** How long somebody waits for files. */
export interface Patience {
  readonly ms: number
  readonly signal: AbortSignal
}

export class IncomingFiles {
  readonly #store: Pick<FileStore, 'find' | 'keep'>
  readonly #signal: AbortSignal
  readonly #log: (line: string) => void
  readonly #clock: Clock
  readonly #fetches: FileFetches
  /** Workspaces of whose last files not one byte came. */
  readonly #still = new Set<string>()
  /** By workspace. */
  readonly #budgets = new Map<string, WaitBudget>()

  constructor(options: IncomingFilesOptions) {
    this.#store = options.store
    this.#signal = options.signal
    this.#log = options.log
    this.#clock = options.clock
    this.#fetches = new FileFetches(options)
  }

  /**
   * Prepares the files of a message: at once when there is nothing to fetch or to keep, otherwise once every file has come
   * or failed, within a bounded time. A file that has not come by then is named as such, and fetched all the same. The
   * promise never rejects.
   *
   * @param patience default: that of a message that is to be shown.
   */
  prepare(
    { workspaceId, activityId }: MessageId,
    attachments: readonly Attachment[],
    patience?: Patience,
  ): readonly ShownFile[] | Promise<readonly ShownFile[]> {
    const plans = planFiles(attachments, workspaceId)
    const files = attachments.map((attachment, index) => ({ attachment, plan: plans[index] }))
    if (!plans.some((plan) => 'fetch' in plan || 'keep' in plan)) {
      return files.map(({ attachment, plan }) => show(attachment, plan))
    }
    return this.#obtain(workspaceId, activityId, files, patience)
  }

  /** Files inside the message one after the other, so that memory holds one of them; all others at the same time. */
  async #obtain(
    workspaceId: string,
    activityId: string,
    files: readonly { readonly attachment: Attachment; readonly plan: Plan | undefined }[],
    patience: Patience | undefined,
  ): Promise<readonly ShownFile[]> {
    const fetches = files.map(({ attachment, plan }) =>
      plan !== undefined && 'fetch' in plan
        ? this.#fetches.of(workspaceId, plan.fetch, attachment)
        : undefined,
    )
    const waiting = this.#waitFor(
      workspaceId,
      fetches.filter((fetch) => fetch !== undefined),
      patience,
    )
    const shown: ShownFile[] = []
    for (const [index, { attachment, plan }] of files.entries()) {
      const fetch = fetches[index]
      if (fetch !== undefined) {
        await waiting
        shown.push(this.#showFetched(workspaceId, attachment, fetch))
      } else if (plan !== undefined && 'keep' in plan) {
        // Always the same for this file of this message, so that a repeat finds it. Not every activity id is a UUID.
        const fileId = Bun.randomUUIDv5(`${activityId} ${index}`, INSIDE)
        shown.push(await this.#keepOne(workspaceId, fileId, plan.keep, attachment))
      } else shown.push(show(attachment, plan))
    }
    return shown
  }

  async #waitFor(
    workspaceId: string,
    fetches: readonly FileFetch[],
    patience: Patience | undefined,
  ): Promise<void> {
    if (fetches.length === 0) return
    const arrival = Promise.all(fetches.map(({ tries }) => tries))
    if (patience !== undefined) {
      await this.#within(patience, arrival)
      return
    }
    const budget = this.#budgetOf(workspaceId)
    const ms = Math.min(budget.leftMs, this.#still.has(workspaceId) ? SHORT_PATIENCE_MS : PATIENCE_MS)
    const begunAt = this.#clock.now()
    await this.#within({ ms, signal: this.#signal }, arrival)
    budget.spend(Math.min(Math.abs(this.#clock.now() - begunAt), ms))
    const isMoving = fetches.some(({ outcome, received }) => outcome !== undefined || received > 0)
    if (isMoving) this.#still.delete(workspaceId)
    else this.#still.add(workspaceId)
  }

  #budgetOf(workspaceId: string): WaitBudget {
    const known = this.#budgets.get(workspaceId) ?? new WaitBudget(this.#clock.now)
    this.#budgets.set(workspaceId, known)
    return known
  }

  async #within({ ms, signal }: Patience, arrival: Promise<unknown>): Promise<void> {
    const { signal: over, release } = deadline(ms, signal, this.#clock)
    await Promise.race([arrival, aborted(over)])
    release()
  }

  #showFetched(workspaceId: string, attachment: Attachment, { outcome, received }: FileFetch): ShownFile {
    if (outcome !== undefined && 'file' in outcome) return showStored(attachment, outcome.file)
    if (outcome === undefined) {
      const size = attachment.size === null ? '' : ` of ${megabytes(attachment.size)}`
      const error = `still being fetched, ${megabytes(received)}${size} so far: ${LATER}`
      return { ...show(attachment, { error }), isComing: true }
    }
    const why = reasonFor(outcome.error)
    this.#log(`a file of workspace ${workspaceId} is shown without its content: ${why}`)
    return show(attachment, { error: outcome.again ? `${why}. It is tried again; ${LATER}` : why })
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
}

/** Resolves when the signal aborts. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
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

function reasonFor(error: unknown): string {
  if (error instanceof UnusableFile) return `not fetched: it ${error.message}`
  if (error instanceof PlatformError && error.status === 404 && error.body !== '') {
    return 'not fetched: the platform no longer has it, since it keeps a file for a day. Ask the sender to send it again'
  }
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return `not fetched: it does not come (${error.message})`
  }
  return `not fetched: ${describeError(error)}`
}
