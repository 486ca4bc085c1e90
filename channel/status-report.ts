/** What `status` shows: configuration, lock, presence, cursor, last errors, host. One screen of text. */
import type { ConfigResult } from '../config.ts'
import type { Hearing } from './listener.ts'
import { receivers } from './remark.ts'
import { describeWorkspace, type WorkspaceView } from './workspace-report.ts'

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
    ...view.workspaces.slice(0, MAX_SHOWN).flatMap((workspace) => describeWorkspace(workspace, view.now)),
    ...(view.workspaces.length > MAX_SHOWN
      ? [`… and ${view.workspaces.length - MAX_SHOWN} more workspaces`]
      : []),
    `log: ${view.logFile}`,
  ]
  return view.redact(lines.join('\n'))
}

function configuration({ config, envFile, folderProblem }: SessionView): string[] {
  const trouble = folderProblem === undefined ? [] : [`trouble: ${folderProblem}`]
  const warnings = config.warnings.map((warning) => `  - ${warning}`)
  if (!config.ok) {
    return [
      ...trouble,
      `configuration: NOT VALID (${envFile})`,
      ...config.problems.map((problem) => `  - ${problem}`),
      ...warnings,
      '  Repair it with /molecule:configure, or edit the file; it is read again as soon as it changes.',
    ]
  }
  const { targets } = config.config
  const platforms = new Set(targets.map((target) => target.platformUrl))
  return [
    ...trouble,
    `configuration: ${targets.length} workspace(s) on ${[...platforms].join(', ')} (${envFile})`,
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
  const held = workspaces.filter((workspace) => workspace.held).length
  if (held === workspaces.length) {
    return [`receiving: ${howWell(workspaces)} (${hearing.because})`, ...doubt(view)]
  }
  const amount = held === 0 ? 'no' : `${held} of ${workspaces.length} workspaces`
  if (elsewhere.length === 0) return [`receiving: ${amount}, the locks are being taken`]
  return [`receiving: ${amount}${others}, and this session takes over when it ends (claim_channel: at once)`]
}

/** Hooks can be off, so it is no proof; but it is what a host looks like that does not listen. */
function doubt({ unproven, workspaces }: SessionView): string[] {
  const sent = workspaces.reduce((sum, { counts }) => sum + (counts.sent ?? 0), 0)
  if (!unproven || sent === 0) return []
  return [
    `  no sign yet that the host passes messages on, and ${sent} were sent. If none appears in this session, the host does not listen: its debug log says why.`,
  ]
}

/** The host listens and this session holds the locks; a platform that refuses, or cannot be reached, sends nothing yet. */
function howWell(workspaces: readonly WorkspaceView[]): string {
  const given = workspaces.filter(({ dead }) => dead !== undefined).length
  const unread = workspaces.filter(
    ({ dead, lastReadAt }) => dead === undefined && lastReadAt === undefined,
  ).length
  const failing = workspaces.filter(
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
    : `yes, but of ${workspaces.length} workspace(s) ${troubles.join(', ')}: see below`
}
