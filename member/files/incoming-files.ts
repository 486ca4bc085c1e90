/**
 * Decides what becomes of the files a message names, and fetches those that are ours to fetch, before the message is
 * shown. Only what this workspace's own platform keeps for this very workspace is fetched: any other address would
 * let a stranger choose whom this machine asks, and with which token.
 */

import { backoffDelayMs } from '../../base/backoff.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import { describeError } from '../../base/errors.ts'
import { deadline } from '../../base/http.ts'
import { sleep } from '../../base/sleep.ts'
import type { PlatformClient } from '../client/client.ts'
import { PlatformError } from '../client/errors.ts'
import type { Attachment } from '../client/message-body.ts'
import { acknowledgePending, openPending, parsePending } from '../client/uploads.ts'
import { type Attachments, type KeptFile, UnusableFile } from './attachments.ts'
import { trueMimeType } from './file-kinds.ts'

/** A file as it stands in the event. */
export interface ShownFile {
  readonly name: string
  readonly mimeType: string
  readonly kind: 'image' | 'audio' | 'video' | 'file'
  /** Where it lies on this machine. */
  readonly path?: string
  /** Where it can be found by whoever may go there. */
  readonly uri?: string
  /** What is wrong with it. */
  readonly error?: string
}

export type Plan =
  | { readonly fetch: string }
  | { readonly uri: string }
  /** Why it is not fetched. */
  | { readonly error: string }

/** Files of one message that are fetched. */
export const MAX_FETCHED = 10
const MAX_ATTEMPTS = 3
const MAX_URI_CHARS = 1_000
/** A message is held up for its files by at most this. */
const PATIENCE_MS = 20_000
/** A message after one whose files did not come in time waits for this part of it: the next ones need not all wait. */
const SHORTENED = 1 / 10

/** What to do about each file. Pure. */
export function planFiles(attachments: readonly Attachment[], workspaceId: string): readonly Plan[] {
  let fetched = 0
  return attachments.map(({ uri }): Plan => {
    const pending = parsePending(uri)
    if (pending === undefined) return elsewhere(uri)
    if (pending.workspaceId !== workspaceId.toLowerCase()) {
      return { error: 'kept for another workspace, which alone can fetch it: ask the sender for its content' }
    }
    if (++fetched > MAX_FETCHED) {
      return { error: `not fetched: at most ${MAX_FETCHED} files of a message are` }
    }
    return { fetch: pending.fileId }
  })
}

function elsewhere(uri: string): Plan {
  const url = URL.parse(uri)
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    return { error: 'not fetched: its address does not lead anywhere from here' }
  }
  // As the parser writes it: no white space, no quotes, no tag.
  if (url.href.length > MAX_URI_CHARS) return { error: 'not fetched: its address is too long to be shown' }
  return { uri: url.href }
}

export interface IncomingFilesOptions {
  readonly store: Pick<Attachments, 'find' | 'keep'>
  readonly client: (workspaceId: string) => PlatformClient | undefined
  readonly signal: AbortSignal
  readonly log: (line: string) => void
  readonly patienceMs?: number
  readonly clock?: Clock
}

export class IncomingFiles {
  readonly #o: IncomingFilesOptions
  readonly #clock: Clock
  /** Workspaces whose files did not come in time, the last time. */
  readonly #slow = new Set<string>()

  constructor(options: IncomingFilesOptions) {
    this.#o = options
    this.#clock = options.clock ?? systemClock
  }

  /**
   * The files of a message: at once when nothing is to be fetched, else when all have come or have failed, which
   * takes a bounded time. The promise never rejects.
   */
  prepare(
    workspaceId: string,
    attachments: readonly Attachment[],
  ): readonly ShownFile[] | Promise<readonly ShownFile[]> {
    const plans = planFiles(attachments, workspaceId)
    const shown = attachments.map((attachment, index) => show(attachment, plans[index]))
    if (!plans.some((plan) => 'fetch' in plan)) return shown
    return this.#fetchAll(workspaceId, attachments, plans, shown)
  }

  /** One after the other: memory and disk have to do with one file of a workspace at a time. */
  async #fetchAll(
    workspaceId: string,
    attachments: readonly Attachment[],
    plans: readonly Plan[],
    shown: readonly ShownFile[],
  ): Promise<readonly ShownFile[]> {
    const full = this.#o.patienceMs ?? PATIENCE_MS
    const patience = this.#slow.has(workspaceId) ? full * SHORTENED : full
    const { signal, release } = deadline(patience, this.#o.signal, this.#clock)
    const result: ShownFile[] = [...shown]
    for (const [index, attachment] of attachments.entries()) {
      const plan = plans[index]
      if (plan === undefined || !('fetch' in plan)) continue
      result[index] = await this.#fetchOne(workspaceId, plan.fetch, attachment, signal)
    }
    if (signal.aborted) this.#slow.add(workspaceId)
    else this.#slow.delete(workspaceId)
    release()
    return result
  }

  async #fetchOne(
    workspaceId: string,
    fileId: string,
    attachment: Attachment,
    signal: AbortSignal,
  ): Promise<ShownFile> {
    const { store, client: clientOf } = this.#o
    try {
      const client = clientOf(workspaceId)
      const kept = await store.find(workspaceId, fileId)
      const file = kept ?? (await this.#fetchPatiently(workspaceId, fileId, attachment, signal))
      // Also for a file that was here already: the process may have ended before it was said.
      if (client !== undefined) void this.#acknowledge(client, fileId)
      return showKept(attachment, file)
    } catch (error) {
      const why = signal.aborted ? 'not fetched: it did not come in time' : sentence(error)
      this.#o.log(`a file of workspace ${workspaceId} is shown without its content: ${why}`)
      return show(attachment, { error: why })
    }
  }

  /** A moment's trouble must not cost the file: it is asked for up to three times. */
  async #fetchPatiently(
    workspaceId: string,
    fileId: string,
    attachment: Attachment,
    signal: AbortSignal,
  ): Promise<KeptFile> {
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
  ): Promise<KeptFile> {
    const client = this.#o.client(workspaceId)
    if (client === undefined) throw new UnusableFile('cannot be fetched: its workspace is not configured')
    signal.throwIfAborted()
    const content = await openPending(client, fileId, signal)
    // What a proxy answers for a path it does not know.
    if (content.mimeType === 'text/html' && attachment.mimeType !== 'text/html') {
      await content.body.cancel()
      throw new UnusableFile('came as a web page')
    }
    const lengths = [attachment.size, content.length].filter((length) => length != null)
    const { name, mimeType } = attachment
    return this.#o.store.keep({ workspaceId, fileId, name, mimeType, lengths }, content.body)
  }

  async #acknowledge(client: PlatformClient, fileId: string): Promise<void> {
    try {
      await acknowledgePending(client, fileId, this.#o.signal)
    } catch {
      // Acknowledged before, or not to be reached: the platform removes the file after a day in any case.
    }
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

/** What it truly is outranks what was said of it. */
function showKept({ name, mimeType: declared }: Attachment, { path, kind }: KeptFile): ShownFile {
  const mimeType = trueMimeType(kind, declared)
  const lies = mimeType !== declared && declared !== '' && kind === undefined
  return {
    name,
    mimeType,
    // Without the content to prove it nothing is an image: the model's provider refuses one that is none.
    kind: declared.startsWith('image/') && kind === undefined ? 'file' : kindOf(mimeType),
    path,
    ...(lies ? { error: `not of the type it claims (${declared}): do not open it as such` } : {}),
  }
}

function kindOf(mimeType: string): ShownFile['kind'] {
  const kind = (['image', 'audio', 'video'] as const).find((prefix) => mimeType.startsWith(`${prefix}/`))
  return kind ?? 'file'
}

/** A 401 may be a moment's trouble too: a platform whose database is down says the same. */
function isFinal(error: unknown): boolean {
  return error instanceof UnusableFile || (error instanceof PlatformError && error.kind === 'refused')
}

function sentence(error: unknown): string {
  if (error instanceof UnusableFile) return `not fetched: it ${error.message}`
  if (error instanceof PlatformError && error.status === 404 && error.body !== '') {
    return 'not fetched: the platform has it no more (it keeps a file for a day): ask the sender to send it again'
  }
  return `not fetched: ${describeError(error)}`
}
