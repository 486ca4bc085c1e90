/** What `status` shows on one screen: configuration, whether the session receives, each workspace, the log file. */

import { counted } from '../../../base/plural.ts'
import { type Failure, type Finding, isFailure } from '../../../member/check/check.ts'
import type { ConfigResult } from '../../../member/settings/config.ts'
import type { DoorbellView } from '../doorbell/doorbell.ts'
import type { HearingView } from '../hearing/session-hearing.ts'
import { SETTLED_MS } from '../hearing/silence.ts'
import { cleanName } from '../text/clean-text.ts'
import { receivers } from './remark.ts'
import { describeWorkspace, type WorkspaceView } from './workspace-report.ts'

export interface SessionView extends HearingView {
  readonly version: string
  readonly envFile: string
  /** Without the file, all settings come from the environment. */
  readonly hasEnvFile: boolean
  readonly logFile: string
  readonly redact: (text: string) => string
  readonly config: ConfigResult
  /** The host was told at the start of this session that permission requests are relayed. */
  readonly relays: boolean
  readonly folderProblem: string | undefined
  /** Why no message can be given to the host now; undefined while they can. */
  readonly deliveryProblem: string | undefined
  /** Why nothing can be written to the log; undefined while it can. */
  readonly logProblem: string | undefined
  readonly active: boolean
  readonly clientName: string | undefined
  /** Bells, where this session is rung. */
  readonly doorbell: DoorbellView | undefined
  readonly workspaces: readonly WorkspaceView[]
  /** What checks have just found; empty when none were made. */
  readonly findings: readonly Finding[]
  readonly pid: number
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Workspaces shown in full, so that the report fits on one screen. */
export const MAX_SHOWN = 12

/** Renders the report. Pure. */
export function statusReport(view: SessionView): string {
  const lines = [
    `Molecule channel ${view.version}, pid ${view.pid}, host ${cleanName(view.clientName ?? 'unknown')}`,
    ...configuration(view),
    ...receiving(view),
    ...found(view),
    ...bells(view),
    ...permissionRequests(view),
    ...view.workspaces.slice(0, MAX_SHOWN).flatMap((workspace) => describeWorkspace(workspace, view.now)),
    ...(view.workspaces.length > MAX_SHOWN
      ? [`… and ${counted(view.workspaces.length - MAX_SHOWN, 'more workspace')}`]
      : []),
    `log: ${view.logFile}${view.logProblem === undefined ? '' : ` (cannot be written: ${view.logProblem})`}`,
  ]
  return view.redact(lines.join('\n'))
}

function configuration({ config, envFile, hasEnvFile, folderProblem }: SessionView): string[] {
  const source = hasEnvFile ? envFile : `environment; there is no ${envFile}`
  const problem = folderProblem === undefined ? [] : [`problem: ${folderProblem}`]
  const warnings = config.warnings.map((warning) => `  - ${warning}`)
  if (!config.ok) {
    return [
      ...problem,
      `configuration: NOT VALID (${source})`,
      ...config.problems.map((problem) => `  - ${problem}`),
      ...warnings,
      hasEnvFile
        ? '  Run /molecule:configure, or edit the file: it is read again within two seconds of a change.'
        : '  Run /molecule:configure to write the file, which is read within two seconds. For a variable of the environment, correct it and start the session again.',
    ]
  }
  const { targets } = config.config
  const platforms = new Set(targets.map((target) => target.platformUrl))
  return [
    ...problem,
    `configuration: ${counted(targets.length, 'workspace')} on ${[...platforms].join(', ')} (${source})`,
    ...warnings,
  ]
}

function receiving(view: SessionView): string[] {
  const { active, hearing, workspaces, folderProblem, deliveryProblem, config } = view
  if (!config.ok) return ['receiving: no']
  if (!active) return ['receiving: not yet, the host has not finished connecting']
  const elsewhere = workspaces.filter((workspace) => workspace.elsewhere)
  const others = elsewhere.length === 0 ? '' : `; ${receivers(elsewhere, workspaces)}`
  if (!hearing.mayHold) {
    const remedy = hearing.remedy === undefined ? '' : `; ${hearing.remedy}`
    return [`receiving: no, ${hearing.because}${remedy}${others}`]
  }
  if (folderProblem !== undefined) return ['receiving: no, the state folder cannot be used']
  if (deliveryProblem !== undefined) return [`receiving: no, messages cannot be shown: ${deliveryProblem}`]
  const stop = stopIn(view)
  const held = workspaces.filter((workspace) => workspace.held || workspace.dead !== undefined)
  const { reads, trouble } = reading(held, workspaces.length, stop?.says ?? 'see below')
  if (stop !== undefined) {
    return [`receiving: no, ${reads === 'no' ? trouble : stop.says}`, `  → ${stop.remedy}.`]
  }
  if (held.length === workspaces.length) {
    if (reads === 'no' || reads === 'not yet') return [`receiving: ${reads}, ${trouble}`]
    const shared = held.some(({ otherSeenAt }) => otherSeenAt !== undefined)
      ? 'another process receives the same messages: see below'
      : ''
    const buts = [trouble, shared].filter((but) => but !== '').join('; ')
    return [`receiving: yes${buts === '' ? '' : `, but ${buts}`} (${hearing.because})`, ...doubt(view)]
  }
  const unable = held.length > 0 && reads === 'no'
  const amount = held.length === 0 || unable ? 'no' : `${held.length} of ${workspaces.length} workspaces`
  const why = unable ? `, ${trouble}` : ''
  if (elsewhere.length === 0) return [`receiving: ${amount}${why}, starting`]
  return [
    `receiving: ${amount}${why}${others}, and this session takes over when it ends (at once with claim_channel)`,
  ]
}

/** What was found besides the reason why nothing is received. */
function found(view: SessionView): string[] {
  const stop = stopIn(view)
  return view.findings
    .filter((finding) => finding !== stop)
    .flatMap((finding) =>
      finding.verdict === 'fail' || finding.verdict === 'warn'
        ? [`  ${finding.name}: ${finding.says}`, `  → ${finding.remedy}.`]
        : [],
    )
}

/**
 * Why nothing is received, if nothing else is in the way: the state folder cannot be used, or the token of no workspace
 * was accepted.
 */
function stopIn({
  findings,
  hearing,
  workspaces,
  folderProblem,
  deliveryProblem,
}: SessionView): Failure | undefined {
  if (!hearing.mayHold || workspaces.some(({ elsewhere }) => elsewhere)) return undefined
  if (folderProblem !== undefined || deliveryProblem !== undefined) return undefined
  const tokens = findings.filter(({ name }) => /^token\b/.test(name))
  const folder = findings.find(({ name }) => name === 'state folder')
  const isStopped =
    folder?.verdict === 'fail' || (tokens.length > 0 && tokens.every(({ verdict }) => verdict !== 'ok'))
  return isStopped ? findings.find(isFailure) : undefined
}

/** How far the bells of this session got. */
function bells({ doorbell }: SessionView): string[] {
  if (doorbell === undefined) return []
  const { waiting, rung, heard, attempts, gaveUp, problem } = doorbell
  const unread = attempts === 0 ? '' : `, ${counted(attempts, 'time')} for those that wait now`
  const state =
    problem !== undefined
      ? `; the last bell could not be rung: ${problem}`
      : gaveUp
        ? '; it rings no more until the user types or Claude calls a tool'
        : ''
  return [
    `doorbell: ${counted(waiting, 'message')} ${waiting === 1 ? 'waits' : 'wait'} to be read; rung ${counted(rung, 'time')}, heard ${counted(heard, 'time')} as far as hooks tell${unread}${state}`,
  ]
}

/** No proof, since hooks can be off; but a host that does not listen looks like this. */
function doubt({ unproven, unheard, workspaces }: SessionView): string[] {
  if (unheard > 0) {
    return [
      `  the host has not shown ${counted(unheard, 'message')} sent over ${SETTLED_MS / 1000} s ago, though it passes prompts on. Unless it has been busy since, it is not listening: its debug log says why.`,
    ]
  }
  const sent = workspaces.reduce((sum, { counts }) => sum + (counts.sent ?? 0), 0)
  if (!unproven || sent === 0) return []
  return [
    `  no sign yet that the host shows messages, though ${sent} ${sent === 1 ? 'was' : 'were'} sent. If none appears in this session, the host is not listening: its debug log says why.`,
  ]
}

interface Reading {
  readonly reads: 'yes' | 'not yet' | 'no'
  /** What is wrong with the workspaces, above all those that are not read; empty when nothing is. */
  readonly trouble: string
}

/**
 * Whether messages arrive for the workspaces held here: a platform that refuses or is unreachable sends none, and others
 * do not write to a workspace that they see as offline.
 */
function reading(held: readonly WorkspaceView[], all: number, reason: string): Reading {
  const givenUp = held.filter(({ dead }) => dead !== undefined).length
  const failing = held.filter(({ dead, failing }) => dead === undefined && failing).length
  const unread = held.filter(
    ({ dead, failing, lastReadAt }) => dead === undefined && !failing && lastReadAt === undefined,
  ).length
  const read = held.filter(({ dead, failing }) => dead === undefined && !failing)
  const parked = read.filter((workspace) => workspace.parked !== undefined).length
  const wrong = read.filter(({ wrongMode }) => wrongMode !== undefined).length
  const offline = read.filter(({ beatProblem }) => beatProblem !== undefined).length
  const troubles = [
    [givenUp, givenUp === 1 ? 'is given up' : 'are given up'],
    [failing, 'cannot be read'],
    [unread, unread === 1 ? 'has not been read yet' : 'have not been read yet'],
    [parked, parked === 1 ? 'is paused or hibernated' : 'are paused or hibernated'],
    [wrong, wrong === 1 ? 'has the wrong delivery mode' : 'have the wrong delivery mode'],
    [offline, offline === 1 ? 'seems offline to others' : 'seem offline to others'],
  ] as const
  const parts = troubles
    .filter(([count]) => count > 0)
    .map(([count, what], index) => {
      if (all === 1) return `the workspace ${what}`
      return index === 0 ? `${count} of ${all} workspaces ${what}` : `${count} ${what}`
    })
  const trouble = parts.length === 0 ? '' : `${parts.join(', ')}: ${reason}`
  const isRead = givenUp + failing + unread < held.length
  return { reads: isRead ? 'yes' : unread > 0 ? 'not yet' : 'no', trouble }
}

function permissionRequests({ config, relays, doorbell }: SessionView): string[] {
  if (!config.ok || config.config.permissionRelay !== 'canvas') return []
  const [first] = config.config.targets
  if (doorbell !== undefined) {
    return [
      'permission requests: not posted, since only the channel passes them on: start Claude Code with the channel to have them in the chat',
    ]
  }
  if (!relays) {
    return [
      'permission requests: not posted, since MOLECULE_PERMISSION_RELAY takes effect when a session starts',
    ]
  }
  return [
    `permission requests: posted to the chat of workspace ${first?.workspaceId} (the first configured one), if the host passes them on`,
  ]
}
