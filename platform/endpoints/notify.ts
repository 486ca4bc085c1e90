/** POST /workspaces/:id/notify: an agent writes to the person. */
import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import { readJson } from '../base/request-body.ts'
import { json, refuse } from '../base/response.ts'
import { firstCharacters } from '../base/text.ts'
import type { ContractRules } from '../contract/versions.ts'
import type { Call, Route } from '../http/router.ts'
import * as wire from '../http/wire.ts'
import type { Services } from '../services.ts'

const attachmentSchema = wire.struct({
  uri: wire.text,
  name: wire.text,
  mimeType: wire.text,
  size: wire.integer,
})
type Attachment = z.infer<typeof attachmentSchema>

const MAX_TOOL_CHARS = 300
const MAX_SHOWN_CHARS = 4_000

/** A permission request of the agent's session, or what became of it: our own, since the contract ignores the field. */
const permissionSchema = wire.struct({
  request_id: z.string().regex(/^[a-km-z]{5}$/),
  state: z.enum(['open', 'allowed', 'denied', 'elsewhere', 'expired', 'lost']),
  tool: z.string().min(1).max(MAX_TOOL_CHARS).optional(),
  description: z.string().max(MAX_SHOWN_CHARS).optional(),
  preview: z.string().max(MAX_SHOWN_CHARS).optional(),
})
const noticeSchema = wire.struct({
  message: wire.text,
  attachments: z.array(attachmentSchema).nullish(),
  permission: permissionSchema.optional().catch(undefined),
  request_id: z.unknown().optional(),
})

const SUMMARY_LENGTH = 80

export const notifyRoute: Route = {
  method: 'POST',
  path: '/workspaces/:id/notify',
  gate: 'workspace',
  handle: notify,
}

async function notify(services: Services, call: Call): Promise<Response> {
  const { activity, events, faults, rules, workspaces } = services
  const notice = await readJson(call, noticeSchema, 'message is required')
  if (notice.message === '') throw refuse(400, 'message is required')
  const files = (notice.attachments ?? []).map(checkedAttachment)
  const row = workspaces.require(call.param('id'))
  if (rules().talkToUserPolicy && (row.talk_to_user_enabled === 0 || faults.state().talk_to_user_disabled)) {
    throw refuse(403, 'talk_to_user_disabled', {
      hint: 'The owner of this workspace does not let it write to the user.',
    })
  }
  // The person decides on the word of this row: it must be the workspace's own.
  const isOwn = services.authentication.callerOf(call.request.headers) === row.id
  const permission = isOwn ? notice.permission : undefined
  const parts = files.map((file) => ({ kind: 'file', file }))
  const summary = summaryOf(notice.message, rules())
  if (summary !== undefined) {
    activity.append({
      workspaceId: row.id,
      activityType: 'a2a_receive',
      method: 'notify',
      summary: `Agent message: ${summary}`,
      responseBody: {
        result: notice.message,
        ...(parts.length === 0 ? {} : { parts }),
        ...announced(services, row.id, notice.request_id),
        ...(permission === undefined ? {} : { permission }),
      },
    })
  }
  events.publish('AGENT_MESSAGE', row.id, {
    message: notice.message,
    workspace_id: row.id,
    name: row.name,
    ...(files.length === 0 ? {} : { attachments: files }),
  })
  workspaces.update(row.id, { last_outbound_at: services.timestamps.now() })
  return json({ status: 'sent' })
}

/** The request of this workspace that the notice announces, so that a page can show that in its place. */
function announced({ requests }: Services, workspaceId: string, id: unknown): { request_id?: string } {
  const request = typeof id === 'string' ? requests.find(id.toLowerCase()) : undefined
  return request?.requester_id === workspaceId ? { request_id: request.id } : {}
}

/** Undefined when the cut splits a character: the hosted database silently rejects such a row. */
function summaryOf(message: string, rules: ContractRules): string | undefined {
  if (rules.noticeSummaryUnit === 'characters') return firstCharacters(message, SUMMARY_LENGTH)
  const bytes = Buffer.from(message).subarray(0, SUMMARY_LENGTH)
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

function checkedAttachment(file: Attachment, index: number): object {
  if (file.uri === '' || file.name === '')
    throw refuse(400, `attachment[${index}]: uri and name are required`)
  return {
    uri: file.uri,
    name: file.name,
    ...(file.mimeType === '' ? {} : { mimeType: file.mimeType }),
    ...(file.size === 0 ? {} : { size: file.size }),
  }
}
