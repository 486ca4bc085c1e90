/** Reading the log of the whole team in the order of `seq`, for the person's chat. */
import type { Database } from 'bun:sqlite'
import { refuse } from '../base/response.ts'
import { type Page, pageOf } from './activity-page.ts'

interface TeamQuery {
  /** Rows after this number, oldest first; undefined: the newest before `before`, newest first. */
  readonly after: number | undefined
  readonly before: number
  readonly limit: number
}

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 500

/** @throws Refusal 400 */
export function parseTeamQuery(query: URLSearchParams): TeamQuery {
  const limit = number(query, 'limit') || DEFAULT_LIMIT
  return {
    after: number(query, 'after'),
    before: number(query, 'before') ?? Number.MAX_SAFE_INTEGER,
    limit: Math.min(limit, MAX_LIMIT),
  }
}

function number(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) || undefined
  if (text === undefined || /^\d{1,15}$/.test(text)) return text === undefined ? undefined : Number(text)
  throw refuse(400, `${name} must be a whole number`)
}

export function readTeamPage(database: Database, { after, before, limit }: TeamQuery): Page {
  return after === undefined
    ? pageOf(
        database,
        (columns) => `SELECT ${columns} FROM activity WHERE seq < ? ORDER BY seq DESC LIMIT ?`,
        [before, limit],
      )
    : pageOf(database, (columns) => `SELECT ${columns} FROM activity WHERE seq > ? ORDER BY seq LIMIT ?`, [
        after,
        limit,
      ])
}
