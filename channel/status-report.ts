/** What `status` shows: configuration, lock, presence, cursor, last errors, host. One screen of text. */
import type { ConfigResult } from '../config.ts'
import type { MembershipReport } from '../membership/membership.ts'
import { plainText } from '../plain-text.ts'
import type { MessageState } from '../state/ledger.ts'
import type { Holder } from '../state/lock.ts'
import type { Hearing } from './listener.ts'

export interface SessionView {
  readonly version: string
  readonly envFile: string
  readonly logFile: string
  readonly redact: (text: string) => string
  readonly config: ConfigResult
  readonly folderProblem: string | undefined
  readonly active: boolean
  readonly clientName: string | undefined
  readonly hearing: Hearing
  readonly holder: Holder | undefined
  readonly memberships: readonly WorkspaceView[]
  readonly pid: number
  /** Milliseconds since the epoch. */
  readonly now: number
}

export interface WorkspaceView extends MembershipReport {
  readonly counts: Readonly<Partial<Record<MessageState, number>>>
}

/** Workspaces shown in full; the screen is one screen. */
const MAX_SHOWN = 12

/** Renders the report. Pure. */
export function statusReport(view: SessionView): string {
  const lines = [
    `Molecule channel ${view.version}, pid ${view.pid}, host ${view.clientName ?? 'unknown'}`,
    ...configuration(view),
    ...receiving(view),
    ...view.memberships.slice(0, MAX_SHOWN).flatMap((workspace) => describeWorkspace(workspace, view.now)),
    ...(view.memberships.length > MAX_SHOWN
      ? [`… and ${view.memberships.length - MAX_SHOWN} more workspaces`]
      : []),
    `log: ${view.logFile}`,
  ]
  return view.redact(lines.join('\n'))
}

function configuration({ config, envFile, folderProblem }: SessionView): string[] {
  const trouble = folderProblem === undefined ? [] : [`trouble: ${folderProblem}`]
  if (!config.ok) {
    return [
      ...trouble,
      `configuration: NOT VALID (${envFile})`,
      ...config.problems.map((problem) => `  - ${problem}`),
      '  Repair it with /molecule:configure, or edit the file; it is read again as soon as it changes.',
    ]
  }
  const { targets } = config.config
  const platforms = new Set(targets.map((target) => target.platformUrl))
  return [
    ...trouble,
    `configuration: ${targets.length} workspace(s) on ${[...platforms].join(', ')} (${envFile})`,
    ...config.warnings.map((warning) => `  - ${warning}`),
  ]
}

function receiving({ active, hearing, memberships, holder, pid, config }: SessionView): string[] {
  if (!config.ok) return ['receiving: no']
  if (!active) return ['receiving: not yet, the host has not finished connecting']
  if (!hearing.mayHold) return [`receiving: no, ${hearing.because}`]
  if (memberships.length === 0) return ['receiving: no, the state folder cannot be used']
  const held = memberships.filter((workspace) => workspace.held).length
  if (held === memberships.length) return [`receiving: ${howWell(memberships)} (${hearing.because})`]
  const other =
    holder === undefined || holder.pid === pid
      ? 'another session'
      : `the session with pid ${holder.pid} (${plainText(holder.project, 200) || 'unknown folder'}), started ${new Date(holder.startedAt).toISOString()}`
  return [
    `receiving: ${held === 0 ? 'no' : `${held} of ${memberships.length} workspaces`}; ${other} receives, and this one takes over when it ends`,
  ]
}

/** The host listens and this session holds the locks; a platform that refuses, or cannot be reached, sends nothing yet. */
function howWell(memberships: readonly WorkspaceView[]): string {
  const given = memberships.filter(({ dead }) => dead !== undefined).length
  const unread = memberships.filter(
    ({ dead, lastReadAt }) => dead === undefined && lastReadAt === undefined,
  ).length
  const failing = memberships.filter(
    ({ dead, lastReadAt, lastError }) =>
      dead === undefined && lastReadAt !== undefined && lastError !== undefined,
  ).length
  const troubles = [
    given > 0 ? `${given} given up` : '',
    unread > 0 ? `${unread} not read yet` : '',
    failing > 0 ? `${failing} cannot be read now` : '',
  ].filter((trouble) => trouble !== '')
  return troubles.length === 0
    ? 'yes'
    : `yes, but of ${memberships.length} workspace(s) ${troubles.join(', ')}: see below`
}

function describeWorkspace(workspace: WorkspaceView, now: number): string[] {
  const { counts } = workspace
  const waiting = (counts.received ?? 0) + (counts.sending ?? 0)
  const unanswered = (counts.sent ?? 0) + (counts.confirmed ?? 0)
  const facts = [
    workspace.held ? 'held here' : 'held by another session',
    workspace.dead === undefined ? (workspace.registered ? 'registered' : 'not registered yet') : 'GIVEN UP',
    workspace.live ? 'event stream open' : 'polling',
    `last read ${ago(workspace.lastReadAt, now)}`,
    `last heartbeat ${ago(workspace.lastBeatAt, now)}`,
  ]
  return [
    `workspace ${workspace.workspaceId} at ${workspace.platformUrl}`,
    `  ${workspace.held ? facts.join(', ') : facts[0]}`,
    `  messages: ${waiting} waiting, ${unanswered} shown and not answered, ${counts.answered ?? 0} answered, ${counts.skipped ?? 0} not for the model`,
    ...(workspace.dead === undefined ? [] : [`  given up: ${workspace.dead}`]),
    ...(workspace.lastError === undefined ? [] : [`  last error: ${workspace.lastError}`]),
  ]
}

function ago(time: number | undefined, now: number): string {
  if (time === undefined) return 'never'
  return `${Math.max(0, Math.round((now - time) / 1000))} s ago`
}
