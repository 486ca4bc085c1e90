/** What this session says about itself: its status, and the note under the results of tools. */
import type { Disk } from '../../base/sqlite.ts'
import type { Finding } from '../../member/check/check.ts'
import type { Configuration } from '../../member/folder/configuration.ts'
import type { HolderWatch } from '../../member/folder/holder-watch.ts'
import type { Log } from '../../member/folder/log.ts'
import type { StatePaths } from '../../member/folder/state-folder.ts'
import type { SessionLedger } from '../../member/ledger/session-ledger.ts'
import type { FolderOpening } from '../../member/workspace/folder-opening.ts'
import { type OverviewOptions, standbys, workspaceViews } from '../host/report/overview.ts'
import { arrivalOf, remarkOf, type Standby } from '../host/report/remark.ts'
import { statusReport } from '../host/report/status-report.ts'
import type { Arrival } from '../host/tools/tool-context.ts'
import type { Client } from './host-judgement.ts'
import type { Role } from './role.ts'

export interface SessionReportOptions {
  readonly version: string
  readonly log: Log
  readonly disk: Disk
  readonly holders: HolderWatch
  readonly pid: number
  readonly paths: StatePaths
  readonly configuration: Configuration
  readonly ledger: SessionLedger
  readonly opening: FolderOpening
  readonly role: Role
  /** The host was told that permission requests can be relayed. */
  readonly relays: boolean
  readonly now: () => number
}

export class SessionReport {
  readonly #options: SessionReportOptions

  constructor(options: SessionReportOptions) {
    this.#options = options
  }

  /**
   * @param client undefined until the host listens.
   * @param findings what checks have just found.
   */
  status(client: Client | undefined, findings: readonly Finding[]): string {
    const { version, log, pid, paths, configuration, ledger, opening, role, relays, now } = this.#options
    return statusReport({
      version,
      envFile: paths.envFile,
      hasEnvFile: configuration.hasFile,
      relays,
      logFile: paths.logFile,
      redact: (text) => log.redact(text),
      config: configuration.result,
      folderProblem: opening.problem,
      deliveryProblem: role.deliveryProblem,
      logProblem: log.problem,
      active: client !== undefined,
      clientName: client?.name,
      doorbell: role.doorbell,
      ...role.hearing.view,
      workspaces: client === undefined ? [] : workspaceViews(this.#overview(), ledger.current, now()),
      findings,
      pid,
      now: now(),
    })
  }

  /** As in the tools' context, once the host listens. */
  remark(): string | undefined {
    const { role, configuration } = this.#options
    if (configuration.valid === undefined) return undefined
    return remarkOf(role.hearing.verdict, this.standbys(), role.waiting, role.doorbell?.waiting)
  }

  /** As in the tools' context, once the host listens. */
  arrival(): Arrival {
    return arrivalOf(this.#options.role.hearing.verdict, this.standbys())
  }

  /** Who receives for each workspace. */
  standbys(): readonly Standby[] {
    return standbys(this.#overview())
  }

  #overview(): OverviewOptions {
    const { configuration, role, paths, disk, holders } = this.#options
    return {
      targets: configuration.valid?.targets ?? [],
      memberships: role.memberships,
      locks: paths.locks,
      disk,
      holders,
    }
  }
}
