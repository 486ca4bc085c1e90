/** The activity feed of a workspace: pages of rows, and the acknowledgement that lets the platform prune them. */
import { z } from 'zod'
import { BodyError } from '../../base/http.ts'
import { isUuid, type PlatformClient, workspacePath } from './client.ts'
import { PlatformError } from './errors.ts'
import { readRowBeginning } from './row-beginning.ts'
import { compareTimestamps, isTimestamp } from './timestamp.ts'

const text = z.string().nullish().catch(null)

/**
 * What we need of a row. A field of a wrong type becomes null where that is harmless. It is not for `source_id`:
 * null means "no agent sent this", so a broken sender makes the row unusable instead; nor for `created_at`, by which
 * the ledger tells what is new.
 */
const rowSchema = z.object({
  id: z.string().refine(isUuid),
  source_id: z.string().min(1).nullish(),
  target_id: text,
  method: text,
  summary: text,
  status: text,
  error_detail: text,
  created_at: z.string().max(64).refine(isTimestamp),
  /** Absent on older platforms; null when it is there and is no number. */
  seq: z.number().int().nonnegative().nullish().catch(null),
  request_body: z.unknown().optional(),
  response_body: z.unknown().optional(),
  peer_name: text,
  peer_role: text,
})

export type ActivityRow = z.infer<typeof rowSchema> & {
  /** The row is too large to be read: only its beginning is known, and nothing of what it says. */
  readonly oversized?: true
}

/** How much of an answer is read. */
export interface PageBounds {
  /** A page larger than this is asked for again in smaller parts. */
  readonly pageBytes: number
  /** A single row larger than this is stepped over. */
  readonly rowBytes: number
}

export interface PageRequest {
  /** Rows after this one, oldest first. */
  readonly sinceId?: string | undefined
  /** Rows of the last so many seconds. */
  readonly sinceSecs?: number | undefined
  /** Rows strictly before this time. */
  readonly beforeTs?: string | undefined
  readonly limit: number
  readonly signal?: AbortSignal | undefined
  readonly bounds?: PageBounds | undefined
}

export interface Page {
  /** Oldest first, whatever the platform's order was. */
  readonly rows: readonly ActivityRow[]
  /** Id of the newest row in this page that can serve as a cursor, unusable rows included. */
  readonly newestId: string | undefined
  /** Rows that could not be read: null, no id, a sender that is no text. */
  readonly unusable: number
  /** As many rows as were asked for came, so there may be more. */
  readonly full: boolean
}

/** A single row may be as large as the platform's own limit for a message (16 MiB), each byte escaped to six. */
const BOUNDS: PageBounds = { pageBytes: 24 * 1024 * 1024, rowBytes: 112 * 1024 * 1024 }
/** Of a row too large to be read; its plain fields come first, whether a platform orders them by sense or by name. */
const BEGINNING_BYTES = 64 * 1024
/** Milliseconds for a page; it is asked for in smaller parts if its body takes longer. */
const PAGE_TIMEOUT_MS = 15_000
/** Milliseconds for a single row: a large one on a slow line. */
const ROW_TIMEOUT_MS = 5 * 60_000

/**
 * Reads one page of the inbox.
 *
 * @throws PlatformError; status 410 means that the cursor row is not known (any more).
 */
export async function fetchPage(client: PlatformClient, request: PageRequest): Promise<Page> {
  const ascending = request.sinceId !== undefined
  let limit = request.limit
  for (let withPeer = true; ; ) {
    try {
      return readPage(await fetchRows(client, request, limit, withPeer), limit, ascending)
    } catch (error) {
      const broken =
        error instanceof PlatformError && error.cause instanceof BodyError ? error.cause : undefined
      if (broken === undefined || request.signal?.aborted) throw error
      if (limit > 1) {
        // Too large, or it had begun and did not come to its end.
        limit = Math.ceil(limit / 4)
      } else if (broken.tooLarge && withPeer) {
        // What is told of the peer repeats the names of all files, which can be most of a row, and stands before its id.
        withPeer = false
      } else {
        const page = broken.tooLarge ? oversizedPage(broken.beginning, ascending) : undefined
        if (page === undefined) throw error
        return page
      }
    }
  }
}

function fetchRows(
  client: PlatformClient,
  { sinceId, sinceSecs, beforeTs, limit: asked, signal, bounds = BOUNDS }: PageRequest,
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
      timeoutMs: limit === 1 && asked > 1 ? ROW_TIMEOUT_MS : PAGE_TIMEOUT_MS,
      ...(signal === undefined ? {} : { signal }),
    },
    z.array(z.unknown()),
  )
}

/**
 * A page of one row that is too large, made of its beginning: that of the very answer that was too large, for another
 * one could be of another row. Undefined when it does not tell which row it is.
 */
function oversizedPage(beginning: string, ascending: boolean): Page | undefined {
  const page = readPage([readRowBeginning(beginning)], 1, ascending)
  if (page.newestId === undefined) return undefined
  return { ...page, rows: page.rows.map((row) => ({ ...row, oversized: true })) }
}

/**
 * Turns the raw rows of an answer into a page.
 *
 * @param ascending whether the documented order is oldest first, as it is with a cursor; rows that prove another
 * order are believed.
 */
export function readPage(raw: readonly unknown[], limit: number, ascending: boolean): Page {
  const usable = raw.flatMap((item) => {
    const row = rowSchema.safeParse(item)
    return row.success ? [row.data] : []
  })
  const isAscending = provenAscending(usable) ?? ascending
  const rows = isAscending ? usable : usable.toReversed()
  const ids = raw.flatMap((item) => idOf(item) ?? [])
  return {
    rows,
    newestId: ids.at(isAscending ? -1 : 0),
    unusable: raw.length - rows.length,
    full: raw.length >= limit,
  }
}

function idOf(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null || !('id' in item)) return undefined
  return typeof item.id === 'string' && isUuid(item.id) ? item.id : undefined
}

/** Undefined when times and numbers of the first and the last row tell nothing. */
function provenAscending(rows: readonly ActivityRow[]): boolean | undefined {
  const [first, last] = [rows.at(0), rows.at(-1)]
  if (first === undefined || last === undefined) return undefined
  const numbered = first.seq != null && last.seq != null ? first.seq - last.seq : 0
  const order = compareTimestamps(first.created_at, last.created_at) || numbered
  return order === 0 ? undefined : order < 0
}

/**
 * Tells the platform that rows up to `seq` may be pruned. It changes nothing in what the feed answers.
 *
 * @throws PlatformError; kind `refused` on platforms that do not know the call.
 */
export async function acknowledge(client: PlatformClient, seq: number, signal?: AbortSignal): Promise<void> {
  await client.json(
    {
      path: workspacePath(client.endpoint.workspaceId, '/activity/ack'),
      body: { acked_seq: seq },
      attempts: 2,
      ...(signal === undefined ? {} : { signal }),
    },
    z.unknown(),
  )
}
