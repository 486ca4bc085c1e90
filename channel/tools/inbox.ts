import { z } from 'zod'
import { inboundSchema } from '../../platform/inbound.ts'
import type { InboxRow } from '../../state/inbox-query.ts'
import type { Ledger, MessageState } from '../../state/ledger.ts'
import { cleanText } from '../clean-text.ts'
import { safeName } from '../notification.ts'
import { defineTool, failure, type Outcome, type ToolContext } from './tool.ts'

const SHOWN: Readonly<Record<'unanswered' | 'all' | 'skipped', readonly MessageState[]>> = {
  unanswered: ['received', 'sending', 'sent', 'confirmed'],
  all: ['received', 'sending', 'sent', 'confirmed', 'answered'],
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
    const { rows, total } = ledger.list({
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
  if (stored === undefined)
    return failure(`No message with activity_id "${safeName(activityId)}" has arrived here.`)
  const text = cleanText(inboundSchema.parse(JSON.parse(stored.content)).text)
  return {
    text:
      text.length <= MAX_WHOLE
        ? text
        : `${text.slice(0, MAX_WHOLE)}\n[cut here, of ${text.length} characters]`,
  }
}

function describeRow(row: InboxRow): string {
  const arrived = new Date(row.receivedAt).toISOString()
  if (row.state === 'skipped') return `- ${arrived} ${row.activityId}: ${row.reason ?? 'skipped'}`
  const parsed = inboundSchema.safeParse(JSON.parse(row.content))
  if (!parsed.success) return `- ${arrived} ${row.activityId}: cannot be read back`
  const { kind, text, peerName, userName } = parsed.data
  const who = safeName(peerName ?? userName ?? row.peerId ?? '')
  const clean = cleanText(text)
  const shown = clean.length <= MAX_TEXT ? clean : `${clean.slice(0, MAX_TEXT)}… (${clean.length} characters)`
  const seen = {
    received: 'waiting',
    sending: 'waiting',
    sent: 'shown',
    confirmed: 'seen',
    answered: 'answered',
  }
  return `- ${arrived} ${kind}${who === '' ? '' : ` ${who}`}, ${seen[row.state]}, activity_id ${row.activityId}\n  ${shown.replaceAll('\n', '\n  ')}`
}
