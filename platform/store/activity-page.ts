/**
 * Reading the activity log page by page: what the query may say, and the statement it becomes.
 *
 * Every form is answered from an index that ends in what it is ordered by, so a page costs the same whether the log has
 * a thousand rows or a million.
 */
import type { Database } from 'bun:sqlite'
import { isUuid } from '../base/random.ts'
import { refuse } from '../base/response.ts'
import { parseTimestamp, type Timestamps, wireTimestamp } from '../base/timestamp.ts'
import type { ContractRules } from '../contract/versions.ts'
import type { ActivityRow } from './activity.ts'

interface ActivityQuery {
  readonly type: string | undefined
  readonly source: 'canvas' | 'agent' | undefined
  readonly limit: number
  /** A stored timestamp: rows at or after it. */
  readonly notBefore: string | undefined
  /** A stored timestamp: rows strictly before it. */
  readonly before: string | undefined
  readonly peerId: string | undefined
  readonly sinceId: string | undefined
  readonly peerInfo: boolean
}

type WindowFilters = Omit<ActivityQuery, 'type' | 'limit' | 'source'>

interface Cursor {
  readonly created_at: string
  readonly seq: number
}

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 500
/**
 * A page ends early above this size, so that it fits in memory whatever agents wrote; the next page
 * continues.
 */
const MAX_PAGE_BYTES = 64 * 1024 * 1024
/** Below this, all rows of a page are read and answered at once. */
const LONG_PAGE_BYTES = 1024 * 1024
const MAX_SINCE_SECS = 2_592_000

/**
 * Checks all of the query but `source`, which the contract checks after it looks up the cursor. The order is
 * the contract's: peer_id, before_ts, since_secs.
 *
 * @throws Refusal 400
 */
export function parseActivityQuery(
  query: URLSearchParams,
  rules: ContractRules,
  timestamps: Timestamps,
): Omit<ActivityQuery, 'source'> {
  const limit = wholeNumber(query.get('limit') ?? '')
  const filters = rules.activityFilters ? windowFilters(query, timestamps) : NO_FILTERS
  return {
    ...filters,
    type: query.get('type') || undefined,
    limit: limit === undefined || limit <= 0 ? DEFAULT_LIMIT : Math.min(limit, MAX_LIMIT),
  }
}

export function parseSource(query: URLSearchParams): 'canvas' | 'agent' | undefined {
  const source = query.get('source') || undefined
  if (source === undefined || source === 'canvas' || source === 'agent') return source
  throw refuse(400, "source must be 'canvas' or 'agent'")
}

const NO_FILTERS: WindowFilters = {
  peerId: undefined,
  before: undefined,
  notBefore: undefined,
  sinceId: undefined,
  peerInfo: false,
}

function windowFilters(query: URLSearchParams, timestamps: Timestamps): WindowFilters {
  const peerId = query.get('peer_id') || undefined
  if (peerId !== undefined && !isUuid(peerId)) throw refuse(400, 'peer_id must be a UUID')

  const beforeText = query.get('before_ts') || undefined
  const before = beforeText === undefined ? undefined : parseTimestamp(beforeText)
  if (beforeText !== undefined && before === undefined)
    throw refuse(400, 'before_ts must be an RFC3339 timestamp')

  const sinceText = query.get('since_secs') || undefined
  const sinceSecs = sinceText === undefined ? undefined : wholeNumber(sinceText)
  if (sinceText !== undefined && (sinceSecs === undefined || sinceSecs <= 0)) {
    throw refuse(400, 'since_secs must be a positive integer')
  }
  return {
    peerId: peerId?.toLowerCase(),
    before,
    notBefore:
      sinceSecs === undefined ? undefined : timestamps.fromNow(-Math.min(sinceSecs, MAX_SINCE_SECS) * 1000),
    sinceId: query.get('since_id') || undefined,
    peerInfo: (query.get('include') ?? '').split(',').includes('peer_info'),
  }
}

function wholeNumber(text: string): number | undefined {
  return /^[+-]?\d{1,18}$/.test(text) ? Number(text) : undefined
}

/**
 * The cursor row, which may be of any type.
 *
 * @throws Refusal 410 when it is gone or belongs to another workspace.
 */
export function findCursor(database: Database, workspaceId: string, sinceId: string): Cursor {
  if (!isUuid(sinceId)) throw refuse(500, 'cursor lookup failed')
  const cursor = database
    .query<Cursor, [string, string]>('SELECT created_at, seq FROM activity WHERE id = ? AND workspace_id = ?')
    .get(sinceId.toLowerCase(), workspaceId)
  if (cursor !== null) return cursor
  throw refuse(
    410,
    'since_id cursor not found (row may have been pruned or belongs to a different workspace); omit since_id to reset',
  )
}

/** A short page, or the places in the log of the rows of a long one, which are read one at a time. */
export type Page = { readonly rows: readonly ActivityRow[] } | { readonly sequence: readonly number[] }

/** Rows of one workspace: with a cursor, those after it, oldest first; without one, the newest first. */
export function readPage(
  database: Database,
  workspaceId: string,
  query: ActivityQuery,
  cursor: Cursor | undefined,
  rules: ContractRules,
): Page {
  const { sql, values } = selection(workspaceId, query, cursor, rules)
  return pageOf(database, sql, values)
}

/** What a statement finds, whose columns are given. */
export function pageOf(database: Database, sql: Selection['sql'], values: Selection['values']): Page {
  const places = database.query<Place, (string | number)[]>(sql(PLACE_AND_SIZE)).all(...values)
  const bytes = places.reduce((sum, place) => sum + place.bytes, 0)
  return bytes > LONG_PAGE_BYTES
    ? { sequence: withinBound(places) }
    : { rows: database.query<ActivityRow, (string | number)[]>(sql('*')).all(...values) }
}

/** Undefined when it has been deleted meanwhile. */
export function readRow(database: Database, seq: number): ActivityRow | undefined {
  return database.query<ActivityRow, [number]>('SELECT * FROM activity WHERE seq = ?').get(seq) ?? undefined
}

interface Selection {
  readonly sql: (columns: string) => string
  readonly values: readonly (string | number)[]
}

function selection(
  workspaceId: string,
  query: ActivityQuery,
  cursor: Cursor | undefined,
  rules: ContractRules,
): Selection {
  const conditions = ['workspace_id = ?']
  const values: (string | number)[] = [workspaceId]
  const where = (condition: string, ...bound: (string | number)[]) => {
    conditions.push(condition)
    values.push(...bound)
  }
  if (query.type !== undefined) where('activity_type = ?', query.type)
  if (query.source === 'canvas') where('source_id IS NULL')
  if (query.source === 'agent') where('source_id IS NOT NULL')
  if (query.notBefore !== undefined) where('created_at >= ?', query.notBefore)
  if (query.before !== undefined) where('created_at < ?', query.before)
  if (cursor !== undefined) where(...after(cursor, rules))

  const order = `ORDER BY ${orderOf(cursor, rules)} LIMIT ?`
  const matching = (columns: string) => `SELECT ${columns} FROM activity WHERE ${conditions.join(' AND ')}`
  const { peerId, limit } = query
  if (peerId === undefined)
    return { sql: (columns) => `${matching(columns)} ${order}`, values: [...values, limit] }
  // Two index scans that each stop at the limit, instead of one sort of every row that matches either side.
  return {
    sql: (columns) => `SELECT * FROM (${matching(columns)} AND source_id = ? ${order})
     UNION ALL SELECT * FROM (${matching(columns)} AND target_id = ? AND source_id IS NOT ? ${order}) ${order}`,
    values: [...values, peerId, limit, ...values, peerId, peerId, limit, limit],
  }
}

function after({ created_at, seq }: Cursor, rules: ContractRules): [string, ...(string | number)[]] {
  switch (rules.cursor) {
    case 'time':
      return ['created_at > ?', created_at]
    case 'time-and-sequence':
      return ['(created_at, seq) > (?, ?)', created_at, seq]
    case 'sequence':
      return ['seq > ?', seq]
  }
}

/** Without a cursor by time, which `before_ts` and `since_secs` cut, too. */
function orderOf(cursor: Cursor | undefined, rules: ContractRules): string {
  if (cursor === undefined) return 'created_at DESC, seq DESC'
  return rules.cursor === 'sequence' ? 'seq' : 'created_at, seq'
}

interface Place {
  readonly seq: number
  readonly bytes: number
}

/** What a page is ordered by, and how long its rows are, which SQLite knows without reading them. */
const PLACE_AND_SIZE =
  'seq, created_at, coalesce(octet_length(request_body), 0) + coalesce(octet_length(response_body), 0) AS bytes'

function withinBound(places: readonly Place[]): readonly number[] {
  let size = 0
  return places.flatMap(({ seq, bytes }) => {
    const fits = size <= MAX_PAGE_BYTES
    size += bytes
    return fits ? [seq] : []
  })
}

/**
 * A row as JSON text. Stored bodies are spliced in unparsed: they are JSON already, and parsing them just to
 * serialize them again would cost more than the query.
 *
 * @param extra keys for this reader only, such as the sender's name.
 */
export function rowJson(
  row: ActivityRow,
  rules: ContractRules,
  extra: Readonly<Record<string, unknown>> = {},
): string {
  const head = JSON.stringify({
    id: row.id,
    workspace_id: row.workspace_id,
    activity_type: row.activity_type,
    source_id: row.source_id,
    target_id: row.target_id,
    method: row.method,
    summary: row.summary,
    duration_ms: row.duration_ms,
    status: row.status,
    error_detail: row.error_detail,
    created_at: wireTimestamp(row.created_at),
    ...(rules.sequence ? { seq: row.seq } : {}),
    ...extra,
  })
  let text = head.slice(0, -1)
  if (row.request_body !== null) text += `,"request_body":${row.request_body}`
  if (row.response_body !== null) text += `,"response_body":${row.response_body}`
  return `${text}}`
}
