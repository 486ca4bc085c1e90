/** The activity feed of a workspace: pages of rows, and the acknowledgement that lets the platform prune them. */
import { z } from 'zod'
import { BodyError } from '../../base/http.ts'
import type { PlatformClient } from './client.ts'
import { PlatformError } from './errors.ts'
import { optionalText } from './fields.ts'
import { readRowBeginning } from './row-beginning.ts'
import { compareTimestamps, readTimestamp } from './timestamp.ts'
import { isUuid, workspacePath } from './workspace-path.ts'

/**
 * What we need of a row. A field of the wrong type becomes null where that is harmless. For `source_id` it is not: null
 * means "no agent sent this", so a row with a broken sender is no message.
 */
const rowSchema = z.object({
  id: z.string().refine(isUuid),
  source_id: z.string().min(1).nullish(),
  target_id: optionalText,
  method: optionalText,
  summary: optionalText,
  status: optionalText,
  error_detail: optionalText,
  created_at: z.unknown().transform(readTimestamp),
  /** Absent on older platforms; null when it is there but not a number. */
  seq: z.number().int().nonnegative().nullish().catch(null),
  request_body: z.unknown().optional(),
  response_body: z.unknown().optional(),
  peer_name: optionalText,
  peer_role: optionalText,
})

type RawRow = z.infer<typeof rowSchema> & {
  /** Its sender cannot be read, so nothing says whose words it holds. */
  readonly senderless?: true
}

export type ActivityRow = Omit<RawRow, 'created_at'> & {
  readonly created_at: string
  /** It has no time of its own that can be trusted, but that of the row before it, or else of the row after it. */
  readonly undated?: true
  /** The row is too large to read: its plain fields are known, but not what it says. */
  readonly oversized?: true
}

/** The longest window a platform looks back, in seconds (30 days). */
export const MAX_WINDOW_SECS = 2_592_000

/** How much of an answer to read. */
export interface PageBounds {
  /** A larger page is requested again in smaller parts. */
  readonly pageBytes: number
  /** A larger row is skipped. */
  readonly rowBytes: number
}

export interface PageRequest {
  /** Rows after this one, oldest first. */
  readonly sinceId?: string | undefined
  /** Rows of the last `sinceSecs` seconds. */
  readonly sinceSecs?: number | undefined
  /** Rows strictly before this time. */
  readonly beforeTs?: string | undefined
  readonly limit: number
  /** The time of rows whose own cannot be read, if no other row tells one. */
  readonly time?: string | undefined
  readonly signal?: AbortSignal | undefined
  readonly bounds?: PageBounds | undefined
}

export interface Page {
  /** Oldest first, whatever the platform's order. */
  readonly rows: readonly ActivityRow[]
  /** Id of the newest row that can serve as a cursor, unusable rows included. */
  readonly newestId: string | undefined
  /** How many rows could not be read: null, without an id, or in a page that tells no time. */
  readonly unusable: number
  /** The page has as many rows as requested, so there may be more. */
  readonly full: boolean
}

/** A row may hold as much as the platform accepts for a message (16 MiB), with each byte escaped to six. */
const BOUNDS: PageBounds = { pageBytes: 24 * 1024 * 1024, rowBytes: 112 * 1024 * 1024 }
/** Kept of a row too large to read. Its plain fields come first, whether a platform orders fields by meaning or by name. */
const BEGINNING_BYTES = 64 * 1024

/**
 * Reads one page of the feed.
 *
 * @throws PlatformError; status 410 means that the platform does not, or no longer, know the cursor row.
 */
export async function fetchPage(client: PlatformClient, request: PageRequest): Promise<Page> {
  const ascending = request.sinceId !== undefined
  let limit = request.limit
  for (let withPeer = true; ; ) {
    try {
      const rows = await fetchRows(client, request, limit, withPeer)
      return readPage(rows, limit, ascending, request.time)
    } catch (error) {
      const broken =
        error instanceof PlatformError && error.cause instanceof BodyError ? error.cause : undefined
      if (broken === undefined || request.signal?.aborted) throw error
      if (limit > 1) {
        // Too large, or it broke off.
        limit = Math.ceil(limit / 4)
      } else if (broken.tooLarge && withPeer) {
        // The peer information repeats the names of all files, which can be most of a row, and comes before its id.
        withPeer = false
      } else {
        const page = broken.tooLarge ? oversizedPage(broken.beginning, ascending, request.time) : undefined
        if (page === undefined) throw error
        return page
      }
    }
  }
}

function fetchRows(
  client: PlatformClient,
  { sinceId, sinceSecs, beforeTs, signal, bounds = BOUNDS }: PageRequest,
  limit: number,
  withPeer: boolean,
): Promise<readonly unknown[]> {
  return client.json(
    {
      path: workspacePath(client.endpoint.workspaceId, '/activity'),
      query: {
        type: 'a2a_receive',
        include: withPeer ? 'peer_info' : undefined,
        limit,
        since_id: sinceId,
        since_secs: sinceSecs,
        before_ts: beforeTs,
      },
      maxBytes: limit === 1 ? bounds.rowBytes : bounds.pageBytes,
      beginningBytes: withPeer ? 0 : BEGINNING_BYTES,
      signal,
    },
    z.array(z.unknown()),
  )
}

/**
 * A page of one row that is too large, made from the beginning of the very answer that was too large: another answer
 * could hold another row.
 *
 * @returns undefined when the beginning does not say which row it is.
 */
function oversizedPage(beginning: string, ascending: boolean, time?: string): Page | undefined {
  const page = readPage([readRowBeginning(beginning)], 1, ascending, time)
  if (page.newestId === undefined) return undefined
  return { ...page, rows: page.rows.map((row) => ({ ...row, oversized: true })) }
}

/**
 * Turns the raw rows of an answer into a page.
 *
 * @param ascending whether the documented order is oldest first, as it is with a cursor. Rows that prove another order
 * win.
 * @param time of a page whose rows tell none. Without it, they cannot be used.
 */
export function readPage(raw: readonly unknown[], limit: number, ascending: boolean, time?: string): Page {
  const usable = raw.flatMap((item) => readRow(item) ?? [])
  const isAscending = provenAscending(usable) ?? ascending
  const rows = dated(isAscending ? usable : usable.toReversed(), time)
  const ids = raw.flatMap((item) => idOf(item) ?? [])
  return {
    rows,
    newestId: ids.at(isAscending ? -1 : 0),
    unusable: raw.length - rows.length,
    full: raw.length >= limit,
  }
}

function readRow(item: unknown): RawRow | undefined {
  const row = rowSchema.safeParse(item)
  if (row.success) return row.data
  if (typeof item !== 'object' || item === null) return undefined
  const rest = rowSchema.safeParse({ ...item, source_id: null })
  // Its place is a better guess than the time it gives.
  return rest.success ? { ...rest.data, created_at: undefined, senderless: true } : undefined
}

function idOf(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null || !('id' in item)) return undefined
  return typeof item.id === 'string' && isUuid(item.id) ? item.id : undefined
}

/** The platform shows a row in its place, whatever its time looks like. */
function dated(rows: readonly RawRow[], time?: string): readonly ActivityRow[] {
  let known = rows.find((row) => row.created_at !== undefined)?.created_at ?? time
  return rows.flatMap((row) => {
    const { created_at: own } = row
    known = own ?? known
    if (known === undefined) return []
    return [{ ...row, created_at: known, ...(own === undefined ? { undated: true as const } : {}) }]
  })
}

/** Undefined when the times and numbers of the first and the last row prove nothing. */
function provenAscending(rows: readonly RawRow[]): boolean | undefined {
  const times = rows.filter((row) => row.created_at !== undefined)
  const [first, last] = [times.at(0), times.at(-1)]
  if (first?.created_at === undefined || last?.created_at === undefined) return undefined
  const numbered = first.seq != null && last.seq != null ? first.seq - last.seq : 0
  const order = compareTimestamps(first.created_at, last.created_at) || numbered
  return order === 0 ? undefined : order < 0
}

const acknowledgedSchema = z
  .object({
    last_acked_seq: z.number().int().nonnegative().optional().catch(undefined),
    /** How many receipts it took; absent where the platform ignores them. */
    receipts: z.number().optional().catch(undefined),
  })
  .or(z.unknown().transform((): { last_acked_seq?: number; receipts?: number } => ({})))

/** What the model did with a message. */
interface Receipt {
  readonly activityId: string
  readonly state: 'seen' | 'answered'
}

interface Progress {
  /** The platform may prune rows up to this number; zero: none. */
  readonly seq: number
  readonly receipts: readonly Receipt[]
}

/**
 * Tells the platform that it may prune rows up to `seq`, and which messages the model has seen or answered. What the
 * feed answers does not change. A platform that knows no receipts ignores them.
 *
 * @returns the highest number acknowledged so far, by whomever, if the platform says it; and whether it took receipts.
 * @throws PlatformError; kind `refused` on platforms that do not know the call.
 */
export async function tellProgress(
  client: PlatformClient,
  { seq, receipts }: Progress,
  signal?: AbortSignal,
): Promise<{ readonly ackedSeq: number | undefined; readonly takesReceipts: boolean }> {
  const said = receipts.map(({ activityId, state }) => ({ activity_id: activityId, state }))
  const answer = await client.json(
    {
      path: workspacePath(client.endpoint.workspaceId, '/activity/ack'),
      body: { acked_seq: seq, ...(said.length === 0 ? {} : { receipts: said }) },
      attempts: 2,
      signal,
    },
    acknowledgedSchema,
  )
  return { ackedSeq: answer.last_acked_seq, takesReceipts: answer.receipts !== undefined }
}

/**
 * {@link tellProgress} without receipts.
 *
 * @returns the highest number acknowledged so far, by whomever, if the platform says it.
 */
export async function acknowledge(
  client: PlatformClient,
  seq: number,
  signal?: AbortSignal,
): Promise<number | undefined> {
  return (await tellProgress(client, { seq, receipts: [] }, signal)).ackedSeq
}
