/** What `status` shows about one workspace. Pure. */

import { counted } from '../../../base/plural.ts'
import { MAX_COUNTED } from '../../../member/ledger/inbox.ts'
import type { Inquiry } from '../../../member/ledger/inquiries.ts'
import type { MessageState } from '../../../member/ledger/ledger.ts'
import type { MembershipReport } from '../../../member/workspace/membership.ts'
import { cleanName } from '../text/clean-text.ts'
import { holderName, type Standby } from './remark.ts'

const MAX_QUESTIONS = 3

export interface WorkspaceView extends MembershipReport, Standby {
  readonly counts: Readonly<Partial<Record<MessageState, number>>>
  /** Messages skipped because of `MOLECULE_ALLOWED_SENDERS`. */
  readonly notAllowed: number
  /** What was asked of a person and is not answered, oldest first. */
  readonly questions: readonly Pick<Inquiry, 'id' | 'title' | 'askedAt' | 'state'>[]
}

export function describeWorkspace(workspace: WorkspaceView, now: number): string[] {
  return [
    `workspace ${workspace.workspaceId} at ${workspace.platformUrl}`,
    `  ${workspace.held ? presence(workspace, now) : holder(workspace)}`,
    ...shared(workspace, now),
    `  messages: ${messages(workspace)}`,
    ...questions(workspace, now),
    ...(workspace.dead === undefined ? [] : [`  given up: ${workspace.dead}`]),
    ...remarks(workspace),
    ...(workspace.lastError === undefined ? [] : [`  last error: ${workspace.lastError}`]),
  ]
}

function questions({ questions: asked }: WorkspaceView, now: number): string[] {
  const open = asked.filter(({ state }) => state === 'open')
  if (open.length === 0) return []
  const named = open
    .slice(0, MAX_QUESTIONS)
    .map(
      ({ id, title, askedAt }) =>
        `${JSON.stringify(cleanName(title))} (request_id ${cleanName(id)}, asked ${ago(askedAt, now)})`,
    )
  const more = open.length > named.length ? [`and ${open.length - named.length} more`] : []
  return [
    `  ${counted(open.length, 'question')} to the person not answered: ${[...named, ...more].join(', ')}`,
  ]
}

function shared({ otherSeenAt }: WorkspaceView, now: number): string[] {
  if (otherSeenAt === undefined) return []
  return [
    `  ANOTHER PROCESS RECEIVES THE SAME MESSAGES, in another state folder or on another machine (last heartbeat noticed ${ago(otherSeenAt, now)}): both get every message. End one of the two; on one machine, give both the same state folder (MOLECULE_STATE_DIR).`,
  ]
}

/** What delays or stops messages although the workspace can be read. */
function remarks({ held, parked, wrongMode, beatProblem, slowed }: WorkspaceView): string[] {
  if (!held) return []
  return [
    ...(slowed === undefined
      ? []
      : [`  inbox read slowly: its last ${slowed} rows were not for the model, and there are more`]),
    ...(parked === undefined ? [] : [`  ${parked} on the platform: resume it there`]),
    ...(wrongMode === undefined
      ? []
      : [`  delivery mode ${wrongMode} instead of poll: set it on the platform`]),
    ...(beatProblem === undefined ? [] : [`  heartbeats fail, so others see it as offline: ${beatProblem}`]),
  ]
}

const STREAMS: Readonly<Record<WorkspaceView['stream'], string>> = {
  live: 'event stream open',
  silent: 'event stream silent, so polling',
  opening: 'polling',
  waiting: 'polling',
}

function presence(workspace: WorkspaceView, now: number): string {
  const since = workspace.holder === undefined ? '' : ` since ${time(workspace.holder.startedAt)}`
  return [
    `held here${since}`,
    workspace.dead === undefined ? (workspace.registered ? 'registered' : 'not registered yet') : 'GIVEN UP',
    STREAMS[workspace.stream],
    `last read ${ago(workspace.lastReadAt, now)}`,
    heartbeat(workspace, now),
  ].join(', ')
}

function heartbeat({ lastBeatAt, firstBeatAt, registered }: WorkspaceView, now: number): string {
  if (lastBeatAt !== undefined) return `last heartbeat ${ago(lastBeatAt, now)}`
  if (firstBeatAt === undefined) return registered ? 'heartbeat off' : 'no heartbeat yet'
  return firstBeatAt > now
    ? `first heartbeat in ${Math.ceil((firstBeatAt - now) / 1000)} s`
    : 'no heartbeat accepted yet'
}

function holder({ elsewhere, holder }: WorkspaceView): string {
  if (!elsewhere) return 'held by no session'
  return `held by ${holderName(holder)}${holder === undefined ? '' : ` since ${time(holder.startedAt)}`}`
}

function messages({ counts, notAllowed }: WorkspaceView): string {
  const { received = 0, held = 0, sending = 0, sent = 0, presumed = 0, confirmed = 0, answered = 0 } = counts
  const skipped = counts.skipped ?? 0
  const more: readonly (readonly [string, string])[] = [
    [total([sent]), 'sent and not confirmed'],
    [total([presumed]), 'presumed shown'],
    [total([held]), 'held back because a peer writes too fast'],
    [total([notAllowed]), 'skipped because of MOLECULE_ALLOWED_SENDERS'],
  ]
  return [
    `${total([received, sending])} waiting`,
    `${total([confirmed])} shown but not answered`,
    `${total([answered])} answered`,
    `${total([skipped], notAllowed)} not for the model`,
    ...more.flatMap(([count, what]) => (count === '0' ? [] : [`${count} ${what}`])),
  ].join(', ')
}

/** The ledger counts the messages of a state only up to a limit. */
function total(counts: readonly number[], less = 0): string {
  const sum = counts.reduce((a, b) => a + b, 0) - less
  return `${counts.some((count) => count >= MAX_COUNTED) ? 'at least ' : ''}${Math.max(0, sum)}`
}

function time(at: number): string {
  return new Date(at).toISOString()
}

function ago(time: number | undefined, now: number): string {
  if (time === undefined) return 'never'
  return `${Math.max(0, Math.round((now - time) / 1000))} s ago`
}
