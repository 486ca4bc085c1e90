/**
 * The note under every tool result while this session does not receive all messages, or another process receives them,
 * too: the reason, and the other receiver. Pure.
 */

import { counted } from '../../../base/plural.ts'
import { describeHolder, type Holder } from '../../../member/folder/holder-record.ts'
import type { MembershipReport } from '../../../member/workspace/membership.ts'
import type { Hearing } from '../hearing/listener.ts'
import { cleanLine } from '../text/clean-text.ts'
import type { Arrival } from '../tools/tool-context.ts'

/** Who receives for a workspace, as far as this session knows. */
export interface Standby
  extends Pick<MembershipReport, 'workspaceId' | 'held' | 'elsewhere' | 'standstill' | 'otherSeenAt'> {
  /** From the holder's record, which may be out of date. */
  readonly holder: Holder | undefined
}

const MAX_NAMED = 3
const MAX_HOLDER_CHARS = 250

/**
 * @param waiting how many messages wait that no session receives.
 * @param unread how many wait to be read in this session.
 * @returns undefined when this session receives everything and alone, or is about to.
 */
export function remarkOf(
  hearing: Hearing,
  workspaces: readonly Standby[],
  waiting: number,
  unread = 0,
): string | undefined {
  const remarks = [
    remarkOfStandby(hearing, workspaces, waiting),
    remarkOfOthers(workspaces),
    unread === 0
      ? undefined
      : `Note: ${counted(unread, 'message')} ${unread === 1 ? 'waits' : 'wait'} to be read: call read_messages.`,
  ].flatMap((remark) => remark ?? [])
  return remarks.length === 0 ? undefined : remarks.join('\n')
}

function remarkOfOthers(workspaces: readonly Standby[]): string | undefined {
  const shared = workspaces.filter(({ otherSeenAt }) => otherSeenAt !== undefined)
  if (shared.length === 0) return undefined
  const more = shared.length > MAX_NAMED ? ` and ${shared.length - MAX_NAMED} more` : ''
  const which = shared
    .slice(0, MAX_NAMED)
    .map(({ workspaceId }) => workspaceId)
    .join(', ')
  return `Note: another process, in another state folder or on another machine, also receives the messages of workspace ${which}${more}, and may do the same work. Tell the user to end one of the two sessions.`
}

function remarkOfStandby(
  hearing: Hearing,
  workspaces: readonly Standby[],
  waiting: number,
): string | undefined {
  const elsewhere = workspaces.filter(({ elsewhere }) => elsewhere)
  if (!hearing.mayHold) {
    const others = elsewhere.length === 0 ? '' : ` ${capital(receivers(elsewhere, workspaces))}.`
    const what =
      waiting === 0 ? '' : ` ${counted(waiting, 'message')} ${waiting === 1 ? 'waits' : 'wait'}: call inbox.`
    return `Note: this session can send but does not receive messages: ${hearing.because}.${others}${what} To receive them here, ${hearing.remedy ?? 'see status'}.`
  }
  if (elsewhere.length === 0) return undefined
  return `Note: this session can send but does not receive ${elsewhere.length === workspaces.length ? '' : 'all '}messages: ${receivers(elsewhere, workspaces)}. claim_channel moves them here.`
}

/** Why no messages are read in a session that is not rung. */
export function neverReads({ mayHold, because }: Hearing): string {
  return mayHold
    ? 'In this session messages arrive by themselves, as <channel> tags. inbox lists earlier ones.'
    : `This session does not receive messages: ${because}. inbox lists what has arrived.`
}

/** How a message will reach the model of this session. */
export function arrivalOf({ mayHold }: Hearing, workspaces: readonly Standby[]): Arrival {
  if (workspaces.some(({ elsewhere, standstill }) => elsewhere && standstill === undefined))
    return 'elsewhere'
  return mayHold ? 'here' : 'inbox'
}

/**
 * "the session with pid 7 (/home/ada) receives", and for which workspaces unless it is all of them; and what to do if
 * that session stands still.
 */
export function receivers(elsewhere: readonly Standby[], all: readonly Standby[]): string {
  const groups = Map.groupBy(
    elsewhere,
    ({ holder, standstill }) => `${holderName(holder)} ${doing(standstill)}`,
  )
  const parts = [...groups].slice(0, MAX_NAMED).map(([what, group]) => {
    const more = group.length > MAX_NAMED ? [`and ${group.length - MAX_NAMED} more`] : []
    const which = [...group.slice(0, MAX_NAMED).map(({ workspaceId }) => workspaceId), ...more].join(', ')
    const scope = group.length === all.length ? '' : ` for ${which}`
    const standstill = group[0]?.standstill
    if (standstill === undefined) return `${what}${scope}`
    const end = standstill === 'silent' ? 'it goes on or is ended' : 'fg in its terminal continues it'
    return `${what}, so messages${scope} wait until ${end}`
  })
  const others = groups.size - MAX_NAMED
  if (others > 0) parts.push(`${counted(others, 'more session')} receive${others === 1 ? 's' : ''}`)
  return parts.join(', ')
}

export function doing(standstill: Standby['standstill']): string {
  if (standstill === undefined) return 'receives'
  if (standstill !== 'silent') return 'is stopped (Ctrl-Z)'
  return 'gives no sign of life (it hangs or is frozen, or its machine sleeps)'
}

export function holderName(holder: Holder | undefined): string {
  return cleanLine(describeHolder(holder), MAX_HOLDER_CHARS)
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
