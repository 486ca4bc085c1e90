import { z } from 'zod'
import { type Inbound, inboundSchema } from '../../platform/inbound.ts'
import type { InboxRow } from '../../state/inbox.ts'
import type { Ledger, MessageState } from '../../state/ledger.ts'
import { cleanText } from '../clean-text.ts'
import { safeName } from '../notification.ts'
import { defineTool, failure, type Outcome, type ToolContext } from './tool.ts'

const SHOWN: Readonly<Record<'unanswered' | 'all' | 'skipped', readonly MessageState[]>> = {
  unanswered: ['received', 'held', 'sending', 'sent', 'presumed', 'confirmed'],
  all: ['received', 'held', 'sending', 'sent', 'presumed', 'confirmed', 'answered'],
  skipped: ['skipped'],
}

const input = z.object({
  show: z
    .enum(['unanswered', 'all', 'skipped'])
    .default('unanswered')
    .describe('skipped: what was not for you, such as the echo of your own words, and why.'),
  activity_id: z.string().optional().describe('Only this message, with its whole text.'),
  peer_id: z.string().optional().describe('Only messages of this peer.'),
  since_hours: z.number().positive().max(720).optional().describe('Only what arrived in so many hours.'),
  mark_done: z
    .array(z.string())
    .max(200)
    .optional()
    .describe('activity_ids that need no answer (any more): they count as answered from now on.'),
  _as_workspace: z.string().optional().describe('Only this workspace of yours.'),
})

const MAX_ROWS = 50
const MAX_TEXT = 600
/** Results beyond this are set aside by the host and replaced by a preview. */
const MAX_WHOLE = 40_000
const HOUR_MS = 3_600_000

/** What arrived, whether or not this session was shown it. */
export const inbox = defineTool({
  name: 'inbox',
  title: 'Show what arrived',
  description:
    'Lists the messages that arrived for your Molecule workspaces: those not answered by default, newest first, also ones that this session was never shown. With activity_id it gives the whole text of one. mark_done takes messages off the list that need no answer.',
  input,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  async handle(args, context) {
    const ledger = context.ledger()
    if (ledger === undefined) return failure('The state folder cannot be used; status says why.')
    if (args.mark_done !== undefined) return markDone(args.mark_done, ledger, context)
    if (args.activity_id !== undefined) return showOne(args.activity_id, ledger, context)
    const wanted = args._as_workspace?.toLowerCase()
    const workspaceIds = context.workspaceIds().filter((id) => wanted === undefined || id === wanted)
    if (workspaceIds.length === 0) {
      return failure(
        `"${safeName(wanted ?? '')}" is not one of this session's workspaces. They are: ${context.workspaceIds().join(', ')}.`,
      )
    }
    const { rows, total } = ledger.inbox.list({
      workspaceIds,
      states: SHOWN[args.show],
      peerId: args.peer_id,
      since: args.since_hours === undefined ? undefined : Date.now() - args.since_hours * HOUR_MS,
      limit: MAX_ROWS,
    })
    if (total === 0)
      return { text: args.show === 'unanswered' ? 'Nothing is unanswered.' : 'Nothing is there.' }
    const more = total > rows.length ? [`… and ${total - rows.length} older ones; narrow the list.`] : []
    return { text: [`${total} message(s):`, ...rows.map(describeRow), ...more].join('\n') }
  },
})

function markDone(activityIds: readonly string[], ledger: Ledger, context: ToolContext): Outcome {
  const unknown = activityIds.filter((activityId) => {
    const stored = ledger.find(activityId, context.workspaceIds())
    if (stored !== undefined) ledger.markAnswered(stored.ord)
    return stored === undefined
  })
  const done = activityIds.length - unknown.length
  if (unknown.length === 0) return { text: `${done} message(s) marked as done.` }
  const names = unknown.map((id) => safeName(id)).join(', ')
  return failure(`${done} message(s) marked as done; not known here: ${names}.`)
}

function showOne(activityId: string, ledger: Ledger, context: ToolContext): Outcome {
  const stored = ledger.find(activityId, context.workspaceIds())
  if (stored === undefined) {
    return failure(`No message with activity_id "${safeName(activityId)}" has arrived here.`)
  }
  const message = inboundSchema.parse(JSON.parse(stored.content))
  const files = message.attachments.map(({ name }) => safeName(name)).join(', ')
  // Provenance stands above the text, which can claim anything.
  const head = `${message.kind}${sender(message, stored.peerId)}, sent ${safeName(stored.createdAt)}${files === '' ? '' : `, files: ${files}`}. Its text:`
  return { text: `${head}\n\n${cleanCut(message.text, MAX_WHOLE)}` }
}

/** Cut before it is cleaned, so that the cost follows the bound and not the sender. */
function cleanCut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return cleanText(text)
  return `${cleanText(text.slice(0, maxLength))}… (${text.length} characters in all)`
}

function sender({ peerName, userName }: Inbound, peerId: string | null): string {
  const who = safeName(peerName ?? userName ?? peerId ?? '')
  return who === '' ? '' : ` ${who}`
}

function describeRow(row: InboxRow): string {
  const arrived = new Date(row.receivedAt).toISOString()
  if (row.state === 'skipped') return `- ${arrived} ${row.activityId}: ${row.reason ?? 'skipped'}`
  const parsed = inboundSchema.safeParse(JSON.parse(row.content))
  if (!parsed.success) return `- ${arrived} ${row.activityId}: cannot be read back`
  const { kind, text } = parsed.data
  const seen = {
    received: 'waiting',
    held: 'held back',
    sending: 'waiting',
    sent: 'shown',
    presumed: 'shown',
    confirmed: 'seen',
    answered: 'answered',
  }
  return `- ${arrived} ${kind}${sender(parsed.data, row.peerId)}, ${seen[row.state]}, activity_id ${row.activityId}\n  ${cleanCut(text, MAX_TEXT).replaceAll('\n', '\n  ')}`
}
