import { z } from 'zod'
import type { PeekedMessage } from '../../feed/peek.ts'
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
  async handle(args, context, signal) {
    const ledger = context.ledger()
    if (ledger === undefined) return failure('The state folder cannot be used; status says why.')
    if (args.mark_done !== undefined) return markDone(args.mark_done, ledger, context)
    if (args.activity_id !== undefined) return showOne(args.activity_id, ledger, context, signal)
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
    const unread = args.show === 'skipped' ? [] : await unreadOf(args, workspaceIds, context, signal)
    if (total + unread.length === 0)
      return { text: args.show === 'unanswered' ? 'Nothing is unanswered.' : 'Nothing is there.' }
    const more = total > rows.length ? [`… and ${total - rows.length} older ones; narrow the list.`] : []
    const lines = [...unread.map(describeUnread), ...rows.map(describeRow), ...more]
    return { text: [`${total + unread.length} message(s):`, ...lines].join('\n') }
  },
})

/** What waits on the platform and no session reads, newest first. It stays there. */
async function unreadOf(
  { peer_id, since_hours }: z.infer<typeof input>,
  workspaceIds: readonly string[],
  context: ToolContext,
  signal: AbortSignal,
): Promise<readonly PeekedMessage[]> {
  const since = since_hours === undefined ? 0 : Date.now() - since_hours * HOUR_MS
  return (await context.unread(signal))
    .filter(
      ({ workspaceId, peerId, createdAt }) =>
        workspaceIds.includes(workspaceId) &&
        (peer_id === undefined || peerId === peer_id.toLowerCase()) &&
        !(Date.parse(createdAt) < since),
    )
    .toReversed()
}

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

async function showOne(
  activityId: string,
  ledger: Ledger,
  context: ToolContext,
  signal: AbortSignal,
): Promise<Outcome> {
  const stored = ledger.find(activityId, context.workspaceIds())
  if (stored !== undefined) {
    const message = inboundSchema.parse(JSON.parse(stored.content))
    return { text: describeWhole(message, stored.peerId, stored.createdAt) }
  }
  const unread = (await context.unread(signal)).find((one) => one.activityId === activityId)
  if (unread === undefined) {
    return failure(`No message with activity_id "${safeName(activityId)}" has arrived here.`)
  }
  return { text: describeWhole(unread.message, unread.peerId, unread.createdAt) }
}

/** Provenance stands above the text, which can claim anything. */
function describeWhole(message: Inbound, peerId: string | null, createdAt: string): string {
  const files = message.attachments.map(({ name }) => safeName(name)).join(', ')
  const head = `${message.kind}${sender(message, peerId)}, sent ${safeName(createdAt)}${files === '' ? '' : `, files: ${files}`}. Its text:`
  return `${head}\n\n${cleanCut(message.text, MAX_WHOLE)}`
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
  return `- ${arrived} ${kind}${sender(parsed.data, row.peerId)}, ${seen[row.state]}, activity_id ${row.activityId}\n  ${quoted(text)}`
}

function describeUnread({ activityId, createdAt, peerId, message }: PeekedMessage): string {
  return `- ${safeName(createdAt)} ${message.kind}${sender(message, peerId)}, waiting on the platform for a session that receives, activity_id ${activityId}\n  ${quoted(message.text)}`
}

function quoted(text: string): string {
  return cleanCut(text, MAX_TEXT).replaceAll('\n', '\n  ')
}
