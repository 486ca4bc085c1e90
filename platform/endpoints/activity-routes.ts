/** Reading the inbox, acknowledging it, and writing reports into it. */
import { z } from 'zod'
import type { JsonObject } from '../base/json.ts'
import { readJson } from '../base/request-body.ts'
import { JSON_TYPE, json, jsonText, refuse } from '../base/response.ts'
import { publicOrigin } from '../http/origin.ts'
import type { Call, Route } from '../http/router.ts'
import * as wire from '../http/wire.ts'
import type { Services } from '../services.ts'
import type { ActivityRow } from '../store/activity.ts'
import {
  findCursor,
  type Page,
  parseActivityQuery,
  parseSource,
  readPage,
  readRow,
  rowJson,
} from '../store/activity-page.ts'
import { parseTeamQuery, readTeamPage } from '../store/team-page.ts'
import { peerInfo } from './peer-info.ts'

const ACTIVITY_TYPES = [
  'a2a_send',
  'a2a_receive',
  'task_update',
  'agent_log',
  'skill_promotion',
  'memory_write',
  'error',
]

const reportSchema = wire.struct({
  activity_type: wire.required,
  method: wire.text,
  summary: wire.text,
  target_id: wire.text,
  source_id: wire.text,
  status: wire.text,
  error_detail: wire.text,
  duration_ms: wire.optionalInteger,
  request_body: z.unknown().optional(),
  response_body: z.unknown().optional(),
  metadata: z.unknown().optional(),
})

const acknowledgementSchema = wire.struct({
  acked_seq: wire.optionalInteger,
  receipts: z.unknown().optional(),
})
const MAX_RECEIPTS = 500
const receiptsSchema = z
  .array(z.object({ activity_id: z.string().toLowerCase(), state: z.enum(['seen', 'answered']) }))
  .max(MAX_RECEIPTS)

export const activityRoutes: readonly Route[] = [
  { method: 'GET', path: '/workspaces/:id/activity', gate: 'workspace', handle: read },
  { method: 'GET', path: '/admin/activity', gate: 'admin', handle: readTeam },
  { method: 'POST', path: '/workspaces/:id/activity', gate: 'workspace', handle: report },
  { method: 'POST', path: '/workspaces/:id/activity/ack', gate: 'workspace', handle: acknowledge },
]

function read(services: Services, call: Call): Response {
  const { database, rules, timestamps } = services
  const workspaceId = call.param('id')
  const query = parseActivityQuery(call.url.searchParams, rules(), timestamps)
  const cursor = query.sinceId === undefined ? undefined : findCursor(database, workspaceId, query.sinceId)
  const source = parseSource(call.url.searchParams)
  const page = readPage(database, workspaceId, { ...query, source }, cursor, rules())
  const isOwn = services.authentication.callerOf(call.request.headers) === workspaceId
  const withReceipt = wantsReceipts(services, call)
  const text = (row: ActivityRow): string => {
    const origin = publicOrigin(call.request.headers, call.url)
    if (isOwn) services.receipts.noteFetched(row)
    return rowJson(row, rules(), {
      ...(query.peerInfo ? peerInfo(services, row, origin) : {}),
      ...withReceipt(row),
    })
  }
  return pageAnswer(services, page, text)
}

/** The log of the whole team, for the person's chat: both sides of what agents say to each other. */
function readTeam(services: Services, call: Call): Response {
  const page = readTeamPage(services.database, parseTeamQuery(call.url.searchParams))
  const withReceipt = wantsReceipts(services, call)
  return pageAnswer(services, page, (row) =>
    rowJson(row, services.rules(), { seq: row.seq, ...withReceipt(row) }),
  )
}

/** What `include=receipts` adds to a row. */
function wantsReceipts({ receipts, rules }: Services, call: Call): (row: ActivityRow) => JsonObject {
  const included = (call.url.searchParams.get('include') ?? '').split(',')
  if (!included.includes('receipts') || !rules().receipts) return () => ({})
  return (row) => {
    const receipt = receipts.of(row)
    return receipt === undefined ? {} : { receipt }
  }
}

function pageAnswer(services: Services, page: Page, text: (row: ActivityRow) => string): Response {
  if ('rows' in page) return jsonText(`[${page.rows.map(text).join(',')}]`)
  return new Response(rowStream(services, page.sequence, text), { headers: JSON_TYPE })
}

/** An array of rows, each read and sent in a turn of its own. Those that are deleted meanwhile are left out. */
function rowStream(
  { background, database }: Services,
  sequence: readonly number[],
  text: (row: ActivityRow) => string,
): ReadableStream<string> {
  const rest = sequence.values()
  let before = '['
  // A pull that adds nothing would be the last.
  const pull = async (controller: ReadableStreamDefaultController<string>): Promise<void> => {
    for (;;) {
      await background.turn()
      const { done, value: seq } = rest.next()
      if (done === true) {
        controller.enqueue(before === '[' ? '[]' : ']')
        return controller.close()
      }
      const row = readRow(database, seq)
      if (row === undefined) continue
      controller.enqueue(before + text(row))
      before = ','
      return
    }
  }
  return new ReadableStream({ pull }, { highWaterMark: 0 })
}

async function report(services: Services, call: Call): Promise<Response> {
  const workspaceId = call.param('id')
  const body = await readJson(call, reportSchema)
  if (!ACTIVITY_TYPES.includes(body.activity_type)) throw refuse(400, 'invalid activity_type')
  if (body.source_id !== '' && body.source_id !== workspaceId) {
    throw refuse(403, 'source_id must match authenticated workspace')
  }
  // 200 even for a workspace that is gone: the contract's insert is best-effort.
  if (services.workspaces.find(workspaceId) !== undefined) {
    services.activity.record({
      workspaceId,
      activityType: body.activity_type,
      sourceId: workspaceId,
      targetId: body.target_id || null,
      method: body.method || null,
      summary: body.summary || null,
      requestBody: body.request_body ?? body.metadata,
      responseBody: body.response_body,
      durationMs: body.duration_ms ?? null,
      status: body.status || 'ok',
      errorDetail: body.error_detail || null,
    })
  }
  return json({ status: 'logged' })
}

async function acknowledge(services: Services, call: Call): Promise<Response> {
  if (!services.rules().activityAck) throw refuse(404, 'not found')
  const { acked_seq: seq, receipts } = await readJson(call, acknowledgementSchema)
  if (seq === undefined || seq === null) throw refuse(400, 'acked_seq is required')
  if (seq < 0) throw refuse(400, 'acked_seq must be non-negative')
  if (services.workspaces.find(call.param('id')) === undefined) throw refuse(404, 'workspace not found')
  const acknowledged = services.activity.acknowledge(call.param('id'), seq)
  // Such a number is from before a backup was restored: it would permit pruning of rows that nobody has read.
  if (acknowledged === undefined) throw refuse(400, 'acked_seq is beyond the last row')
  return json({ last_acked_seq: acknowledged, ...taken(services, call.param('id'), receipts) })
}

/** Answers with their number, so that an agent knows whether it is worth saying. */
function taken({ receipts, rules }: Services, workspaceId: string, given: unknown): JsonObject {
  const { data } = receiptsSchema.safeParse(given)
  if (data === undefined || !rules().receipts) return {}
  receipts.take(workspaceId, data)
  return { receipts: data.length }
}
