/** What `status` shows: configuration, lock, presence, cursor, last errors, host. One screen of text. */

import { counted } from '../../../base/plural.ts'
import type { ConfigResult } from '../../../member/settings/config.ts'
import type { Hearing } from '../hearing/listener.ts'
import { receivers } from './remark.ts'
import { describeWorkspace, type WorkspaceView } from './workspace-report.ts'

export interface SessionView {
  readonly version: string
  readonly envFile: string
  /** Without one all settings come from the environment. */
  readonly hasEnvFile: boolean
  readonly logFile: string
  readonly redact: (text: string) => string
  readonly config: ConfigResult
  /** This session's host was told at its start that permission requests are taken. */
  readonly relays: boolean
  readonly folderProblem: string | undefined
  readonly active: boolean
  readonly clientName: string | undefined
  readonly hearing: Hearing
  /** The prompt hook is given what is typed, and has never been given a message. */
  readonly unproven: boolean
  readonly workspaces: readonly WorkspaceView[]
  readonly pid: number
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Workspaces shown in full; the screen is one screen. */
const MAX_SHOWN = 12

/** Renders the report. Pure. */
export function statusReport(view: SessionView): string {
  const lines = [
    `Molecule channel ${view.version}, pid ${view.pid}, host ${view.clientName ?? 'unknown'}`,
    ...configuration(view),
    ...receiving(view),
    ...permissionRequests(view),
    ...view.workspaces.slice(0, MAX_SHOWN).flatMap((workspace) => describeWorkspace(workspace, view.now)),
    ...(view.workspaces.length > MAX_SHOWN
      ? [`… and ${counted(view.workspaces.length - MAX_SHOWN, 'more workspace')}`]
      : []),
    `log: ${view.logFile}`,
  ]
  return view.redact(lines.join('\n'))
}

function configuration({ config, envFile, hasEnvFile, folderProblem }: SessionView): string[] {
  const source = hasEnvFile ? envFile : `environment; there is no ${envFile}`
  const trouble = folderProblem === undefined ? [] : [`trouble: ${folderProblem}`]
  const warnings = config.warnings.map((warning) => `  - ${warning}`)
  if (!config.ok) {
    return [
      ...trouble,
      `configuration: NOT VALID (${source})`,
      ...config.problems.map((problem) => `  - ${problem}`),
      ...warnings,
      '  Repair it with /molecule:configure, or edit the file; it is read again as soon as it changes.',
    ]
  }
  const { targets } = config.config
  const platforms = new Set(targets.map((target) => target.platformUrl))
  return [
    ...trouble,
    `configuration: ${counted(targets.length, 'workspace')} on ${[...platforms].join(', ')} (${source})`,
    ...warnings,
  ]
}

function receiving(view: SessionView): string[] {
  const { active, hearing, workspaces, folderProblem, config } = view
  if (!config.ok) return ['receiving: no']
  if (!active) return ['receiving: not yet, the host has not finished connecting']
  const elsewhere = workspaces.filter((workspace) => workspace.elsewhere)
  const others = elsewhere.length === 0 ? '' : `; ${receivers(elsewhere, workspaces)}`
  if (!hearing.mayHold) {
    const remedy = hearing.remedy === undefined ? '' : `; ${hearing.remedy}`
    return [`receiving: no, ${hearing.because}${remedy}${others}`]
  }
  if (folderProblem !== undefined) return ['receiving: no, the state folder cannot be used']
  const held = workspaces.filter((workspace) => workspace.held)
  const { reads, trouble } = reading(held, workspaces.length)
  if (held.length === workspaces.length) {
    if (reads === 'no' || reads === 'not yet') return [`receiving: ${reads}, ${trouble}`]
    return [`receiving: yes${trouble === '' ? '' : `, but ${trouble}`} (${hearing.because})`, ...doubt(view)]
  }
  const unable = held.length > 0 && reads === 'no'
  const amount = held.length === 0 || unable ? 'no' : `${held.length} of ${workspaces.length} workspaces`
  const why = unable ? `, ${trouble}` : ''
  if (elsewhere.length === 0) return [`receiving: ${amount}${why}, the locks are being taken`]
  return [
    `receiving: ${amount}${why}${others}, and this session takes over when it ends (claim_channel: at once)`,
  ]
}

/** Hooks can be off, so it is no proof; but it is what a host looks like that does not listen. */
function doubt({ unproven, workspaces }: SessionView): string[] {
  const sent = workspaces.reduce((sum, { counts }) => sum + (counts.sent ?? 0), 0)
  if (!unproven || sent === 0) return []
  return [
    `  no sign yet that the host passes messages on, and ${sent} were sent. If none appears in this session, the host does not listen: its debug log says why.`,
  ]
}

interface Reading {
  readonly reads: 'yes' | 'not yet' | 'no'
  /** What is the matter with those that are not read; empty when there are none. */
  readonly trouble: string
}

/** The host listens and this session holds the locks; a platform that refuses, or cannot be reached, sends nothing. */
function reading(held: readonly WorkspaceView[], all: number): Reading {
  const given = held.filter(({ dead }) => dead !== undefined).length
  const failing = held.filter(({ dead, failing }) => dead === undefined && failing).length
  const unread = held.filter(
    ({ dead, failing, lastReadAt }) => dead === undefined && !failing && lastReadAt === undefined,
  ).length
  const troubles = [
    [given, given === 1 ? 'is given up' : 'are given up'],
    [failing, 'cannot be read'],
    [unread, unread === 1 ? 'is not read yet' : 'are not read yet'],
  ] as const
  const said = troubles.flatMap(([count, what]) =>
    count === 0 ? [] : [all === 1 ? `the workspace ${what}` : `${count} ${what}`],
  )
  const trouble =
    said.length === 0 ? '' : `${all === 1 ? '' : `of ${all} workspaces `}${said.join(', ')}: see below`
  const isRead = given + failing + unread < held.length
  return { reads: isRead ? 'yes' : unread > 0 ? 'not yet' : 'no', trouble }
}

function permissionRequests({ config, relays }: SessionView): string[] {
  if (!config.ok || config.config.permissionRelay !== 'canvas') return []
  const [first] = config.config.targets
  if (!relays) {
    return ['permission requests: not posted, since MOLECULE_PERMISSION_RELAY is read when a session starts']
  }
  return [
    `permission requests: posted to the chat of workspace ${first?.workspaceId} (the first configured one), as far as the host passes them on`,
  ]
}
