import { z } from 'zod'
import { patiently } from '../../../base/patience.ts'
import { counted } from '../../../base/plural.ts'
import { waitUntil } from '../../../base/sleep.ts'
import { readInbound } from '../../../member/client/inbound.ts'
import { type InboxRow, MAX_MATCHES } from '../../../member/ledger/inbox.ts'
import type { Ledger, MessageState, StoredMessage } from '../../../member/ledger/ledger.ts'
import { cleanName } from '../text/clean-text.ts'
import { CHANGES_SESSION } from './annotations.ts'
import { untilFound } from './awaited-messages.ts'
import { describeInFull, filesOf, quoted, titleOf } from './message-view.ts'
import { ANSWER_WAIT_MS } from './peer-exchanges.ts'
import { notOneOfOurs } from './sender.ts'
import { defineTool, type Outcome, type Progress, ToolFailure } from './tool.ts'
import type { ToolContext } from './tool-context.ts'

const SHOWN: Readonly<Record<'unanswered' | 'all' | 'skipped', readonly MessageState[]>> = {
  unanswered: ['received', 'held', 'sending', 'sent', 'presumed', 'confirmed'],
  all: ['received', 'held', 'sending', 'sent', 'presumed', 'confirmed', 'answered'],
  skipped: ['skipped'],
}

/** Below the time after which hosts give a call up even though it shows progress. */
const MAX_WAIT_SECS = 300

const input = z.strictObject({
  show: z
    .enum(['unanswered', 'all', 'skipped'])
    .default('unanswered')
    .describe('skipped: messages that were not for you, such as the echo of your own words, and why.'),
  activity_id: z.string().optional().describe('Only this message, in full.'),
  peer_id: z.string().optional().describe('Only messages from this peer.'),
  since_hours: z
    .number()
    .positive()
    .max(720)
    .optional()
    .describe('Only what arrived within this many hours.'),
  oldest_first: z.boolean().optional().describe('Start with the oldest instead of the newest.'),
  after: z.string().optional().describe('Go on after the message with this activity_id.'),
  mark_done: z
    .array(z.string())
    .max(200)
    .optional()
    .describe('activity_ids that need no answer: they count as answered from now on.'),
  wait_seconds: z
    .number()
    .min(0)
    .max(MAX_WAIT_SECS)
    .default(0)
    .describe(
      `Waits up to this many seconds (0 to ${MAX_WAIT_SECS}) for a message that this session has not listed yet, and lists only such messages.`,
    ),
  _as_workspace: z.string().optional().describe('Only this one of your workspaces.'),
})
type Arguments = z.infer<typeof input>

/** How far a message got, in a word for the model. */
const SEEN: Readonly<Record<MessageState, string>> = {
  received: 'waiting',
  held: 'held back',
  sending: 'waiting',
  sent: 'sent',
  presumed: 'shown',
  confirmed: 'seen',
  answered: 'answered',
  skipped: 'not for you',
}
const NOTHING = { unanswered: 'is unanswered', all: 'has arrived', skipped: 'was skipped' } as const
const MAX_ROWS = 50
const HOUR_MS = 3_600_000
/** An attempt to open the ledger rarely takes longer. */
const MAX_OPENING_MS = 12_000
const OPENING_CHECK_MS = 200

/** What arrived, whether or not it was shown to this session. */
export const inbox = defineTool({
  name: 'inbox',
  title: 'Show what arrived',
  description:
    'Lists the messages that arrived for your Molecule workspaces, even those never shown to this session: by default the unanswered ones, newest first. activity_id gives one message in full. mark_done takes messages that need no answer off the list. Where messages do not arrive by themselves as <channel> tags, wait_seconds waits for the next one.',
  input,
  annotations: CHANGES_SESSION,
  async handle(args, context, signal, progress) {
    const ledger = await openLedger(args.wait_seconds, context, signal)
    if (ledger === undefined) throw new ToolFailure('The state folder cannot be used now; status says why.')
    if (args.mark_done !== undefined) return markDone(args.mark_done, ledger, context, signal)
    if (args.activity_id !== undefined) return showOne(args.activity_id, ledger, context, signal, progress)
    const wanted = args._as_workspace?.toLowerCase()
    const workspaceIds = context.workspaceIds().filter((id) => wanted === undefined || id === wanted)
    if (workspaceIds.length === 0) {
      throw new ToolFailure(notOneOfOurs(wanted ?? '', context))
    }
    if (args.wait_seconds > 0) return waitForNew(args, workspaceIds, ledger, context, signal, progress)
    const { lines, total } = await list(args, workspaceIds, undefined, ledger, context, signal)
    const last = lines.at(-1)
    if (last === undefined) return { text: nothing(args) }
    const others = args.oldest_first === true ? 'newer' : 'older'
    const atLeast = total < MAX_MATCHES ? '' : 'at least '
    const more =
      total > lines.length
        ? [
            `… and ${atLeast}${total - lines.length} ${others} ones: call again with after ${last.activityId}, or oldest_first for the other end.`,
          ]
        : []
    return show(`${atLeast}${counted(total, 'message')}:`, lines, more, context)
  },
})

/** A call that waits for messages waits for the ledger, too, which another session may be opening. */
async function openLedger(
  waitSeconds: number,
  { ledger, clock }: ToolContext,
  signal: AbortSignal,
): Promise<Ledger | undefined> {
  const forMs = Math.min(waitSeconds * 1000, MAX_OPENING_MS)
  await waitUntil(() => ledger() !== undefined, { everyMs: OPENING_CHECK_MS, forMs }, signal, clock)
  return ledger()
}

/** One message of the list. */
interface Line {
  readonly activityId: string
  readonly text: string
}

/** What matches, in the order asked for, except the messages with the given ids. */
async function list(
  args: Arguments,
  workspaceIds: readonly string[],
  except: readonly string[] | undefined,
  ledger: Ledger,
  context: ToolContext,
  signal: AbortSignal,
): Promise<{ readonly lines: readonly Line[]; readonly total: number }> {
  await context.update(signal)
  const { rows, total } = ledger.inbox.list({
    workspaceIds,
    states: SHOWN[args.show],
    peerId: args.peer_id,
    since: args.since_hours === undefined ? undefined : context.clock.now() - args.since_hours * HOUR_MS,
    owed: args.show === 'unanswered',
    oldestFirst: args.oldest_first,
    ...(except === undefined ? {} : { except }),
    after: args.after === undefined ? undefined : found(args.after, ledger, context),
    limit: MAX_ROWS,
  })
  return { lines: rows.map((row) => ({ activityId: row.activityId, text: describeRow(row) })), total }
}

/** @throws ToolFailure */
function found(activityId: string, ledger: Ledger, context: ToolContext): StoredMessage {
  const stored = ledger.find(activityId, context.workspaceIds())
  if (stored !== undefined) return stored
  throw new ToolFailure(`No message with activity_id "${cleanName(activityId)}" has arrived here.`)
}

async function waitForNew(
  args: Arguments,
  workspaceIds: readonly string[],
  ledger: Ledger,
  context: ToolContext,
  signal: AbortSignal,
  progress: Progress | undefined,
): Promise<Outcome> {
  const { clock, listed } = context
  const look = async (): Promise<readonly Line[]> => {
    const { lines } = await list(args, workspaceIds, listed.ids, ledger, context, signal)
    return lines
  }
  // A host that does not see the call's progress may give it up after a minute.
  const seconds =
    progress === undefined ? Math.min(args.wait_seconds, ANSWER_WAIT_MS / 1000) : args.wait_seconds
  const until = clock.now() + seconds * 1000
  const found = (await untilFound(look, { until, clock, signal, progress })).slice(0, MAX_ROWS)
  if (found.length === 0) {
    return {
      text: `No new message came within ${seconds} s. Call again to keep waiting. Without wait_seconds, inbox lists earlier messages.`,
    }
  }
  return show(`${counted(found.length, 'new message')}:`, found, [], context)
}

function show(head: string, lines: readonly Line[], tail: readonly string[], context: ToolContext): Outcome {
  return {
    text: [head, ...lines.map(({ text }) => text), ...tail].join('\n'),
    // A call that was given up gets no answer: what it found is new to the next one.
    onSent: () => context.listed.add(lines.map(({ activityId }) => activityId)),
  }
}

function nothing({ show, peer_id, since_hours }: Arguments): string {
  const fits = peer_id === undefined && since_hours === undefined ? '' : ' that matches'
  return `Nothing${fits} ${NOTHING[show]}.`
}

async function markDone(
  activityIds: readonly string[],
  ledger: Ledger,
  context: ToolContext,
  signal: AbortSignal,
): Promise<Outcome> {
  const unknown: string[] = []
  const find = (id: string): StoredMessage | undefined => ledger.find(id, context.workspaceIds())
  if (activityIds.some((id) => find(id) === undefined)) await context.update(signal)
  for (const activityId of activityIds) {
    const stored = find(activityId)
    if (stored === undefined) unknown.push(activityId)
    else await patiently(() => ledger.markAnswered(stored.ord), context.clock, signal)
  }
  const done = activityIds.length - unknown.length
  if (unknown.length === 0) return { text: `${counted(done, 'message')} marked as done.` }
  const names = unknown.map((id) => cleanName(id)).join(', ')
  const text = `${counted(done, 'message')} marked as done; unknown here: ${names}.`
  if (done === 0) throw new ToolFailure(text)
  return { text }
}

async function showOne(
  activityId: string,
  ledger: Ledger,
  context: ToolContext,
  signal: AbortSignal,
  progress: Progress | undefined,
): Promise<Outcome> {
  if (ledger.find(activityId, context.workspaceIds()) === undefined) await context.update(signal)
  const stored = found(activityId, ledger, context)
  const message = readInbound(stored.content)
  if (message === undefined) throw new ToolFailure(`Message ${cleanName(activityId)} cannot be read back.`)
  const files = await filesOf(stored.workspaceId, activityId, message, context, signal, progress)
  return { text: describeInFull(message, stored, SEEN[stored.state], files) }
}

function describeRow(row: InboxRow): string {
  const arrived = new Date(row.receivedAt).toISOString()
  if (row.state === 'skipped') return `- ${arrived} ${row.activityId}: ${row.reason ?? 'skipped'}`
  const message = readInbound(row.content)
  if (message === undefined) return `- ${arrived} ${row.activityId}: cannot be read back`
  return `- ${arrived} ${titleOf(message, row)}, ${SEEN[row.state]}, activity_id ${row.activityId}\n  ${quoted(message)}`
}
