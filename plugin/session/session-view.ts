/** What `status` shows of a session, gathered from its parts. */
import type { Finding } from '../../member/check/check.ts'
import type { Configuration } from '../../member/folder/configuration.ts'
import type { Log } from '../../member/folder/log.ts'
import type { StatePaths } from '../../member/folder/state-folder.ts'
import type { FolderOpening } from '../../member/workspace/folder-opening.ts'
import type { SessionView } from '../host/report/status-report.ts'
import type { Role } from './role.ts'

export interface SessionParts
  extends Pick<SessionView, 'version' | 'relays' | 'active' | 'clientName' | 'workspaces'> {
  readonly paths: StatePaths
  readonly log: Log
  readonly configuration: Configuration
  readonly opening: FolderOpening
  readonly role: Role
}

export function sessionView(
  parts: SessionParts,
  findings: readonly Finding[],
  pid: number,
  now: number,
): SessionView {
  const { paths, log, configuration, opening, role } = parts
  return {
    ...parts,
    envFile: paths.envFile,
    hasEnvFile: configuration.hasFile,
    logFile: paths.logFile,
    redact: (text) => log.redact(text),
    config: configuration.result,
    folderProblem: opening.problem,
    deliveryProblem: role.deliveryProblem,
    logProblem: log.problem,
    ...role.hearing.view,
    findings,
    pid,
    now,
  }
}
