/**
 * Workspaces without a terminal, each answered by a backend.
 *
 * - starting: the state folder is opened, and every workspace registered. Left for `running`, or for `ended` with the
 *   reason.
 * - running: registered, beating, read and answered, as far as this process holds the locks. Left for `closing` when it
 *   is asked to end, has nothing more to do, or has lost its workspaces or its ledger.
 * - closing: no further message is begun, and the one in hand may be finished. Left for `ended`.
 * - ended: final.
 */
import { describeError } from '../base/errors.ts'
import { counted } from '../base/plural.ts'
import { sleep } from '../base/sleep.ts'
import { Wake } from '../base/wake.ts'
import type { Registration } from '../member/client/registry.ts'
import { receivedFiles } from '../member/files/received-files.ts'
import { readPidFile } from '../member/folder/holder-record.ts'
import { isHeld, lockPaths } from '../member/folder/lock.ts'
import type { Ledger } from '../member/ledger/ledger.ts'
import { SessionLedger } from '../member/ledger/session-ledger.ts'
import type { Config, Target } from '../member/settings/config.ts'
import { FolderOpening } from '../member/workspace/folder-opening.ts'
import type { MembershipReport } from '../member/workspace/membership.ts'
import { Memberships, type Surroundings } from '../member/workspace/memberships.ts'
import { workspaceViews } from '../plugin/host/report/overview.ts'
import type { Backend } from './backend/backend.ts'
import { Ending, EXIT, Restart, withoutFolder } from './exit-code.ts'
import { registerWithin } from './registration.ts'
import { renderReport, writeReport } from './report.ts'
import { ServedWorkspace } from './served-workspace.ts'
import type { ServiceNotice } from './service-notice.ts'

export interface RunnerOptions extends Omit<Surroundings, 'runtime' | 'registered'> {
  readonly config: Config
  readonly backend: Backend
  /** Whether the settings have changed since this configuration was read. */
  readonly isStale: () => boolean
  readonly notice: Pick<ServiceNotice, 'ready' | 'stopping'>
  readonly sendsEmpty: boolean
  readonly once: boolean
  readonly wait: boolean
  readonly forever: boolean
}

/** How long the message in hand may still take once the process is asked to end. */
const GRACE_MS = 10_000
/** How often to check whether anything is left to do here. */
const CHECK_MS = 500
/** A lock that is busy for a shorter time is only being looked at. */
const TAKEN_MS = 2_000
/** How often to say for `status` what is done here. */
const REPORT_MS = 5_000

export class Runner {
  readonly #options: RunnerOptions
  readonly #ledgerFile: SessionLedger
  readonly #opening: FolderOpening
  /** Aborts when no further message may be begun. */
  readonly #closing = new AbortController()
  /** Aborts when everything must stop. */
  readonly #running = new AbortController()
  readonly #check: Wake
  #ending: Ending | undefined
  /** Since when another process has held a workspace; infinity once that was said. */
  readonly #takenSince = new Map<string, number>()

  constructor(options: RunnerOptions) {
    const { paths, disk, clock, log, holder } = options
    this.#options = options
    this.#check = new Wake(clock)
    this.#ledgerFile = new SessionLedger(paths.ledger, { disk, clock, holder, onDamage: log.error })
    this.#opening = new FolderOpening({ paths, ledger: this.#ledgerFile, log, clock })
  }

  /** Runs until it has ended. Never rejects with anything but an unforeseen error. */
  async run(): Promise<Ending> {
    try {
      const ledger = await this.#open()
      const targets = await this.#register(this.#free())
      if (!this.#closing.signal.aborted) await this.#work(targets, ledger)
    } catch (error) {
      if (!(error instanceof Ending)) throw error
      this.#end(error)
    } finally {
      this.#running.abort()
      await this.#options.backend.close()
      this.#opening.stop()
      this.#opening.close()
    }
    return this.#ending ?? new Ending(EXIT.ended, 'ended')
  }

  /** Ends it in order. The second call ends it at once. */
  stop(reason: string): void {
    if (this.#closing.signal.aborted) this.#running.abort()
    this.#end(new Ending(EXIT.ended, reason))
  }

  #end(ending: Ending): void {
    this.#ending ??= ending
    this.#closing.abort()
    this.#check.notify()
  }

  async #open(): Promise<Ledger> {
    await this.#opening.open()
    const ledger = this.#ledgerFile.current
    if (ledger !== undefined) return ledger
    throw withoutFolder()
  }

  /** Those that no other process holds; all of them with `wait`. */
  #free(): readonly Target[] {
    const { config, paths, disk, wait, log } = this.#options
    if (wait) return config.targets
    const taken: string[] = []
    const free = config.targets.filter(({ workspaceId }) => {
      if (!isHeld(lockPaths(paths.locks, workspaceId).lock, disk)) return true
      taken.push(`${this.#whoHolds(workspaceId)}: end that one, or start this one with --wait`)
      return false
    })
    if (free.length === 0) throw new Ending(EXIT.failed, taken.join('\n'))
    for (const sentence of taken) log.warn(sentence)
    return free
  }

  #whoHolds(workspaceId: string): string {
    const record = readPidFile(lockPaths(this.#options.paths.locks, workspaceId).holder)
    const who = record === undefined ? 'another process' : `pid ${record.pid} (${record.project})`
    return `workspace ${workspaceId} is held by ${who}`
  }

  /** Registers each; one that fails is left out, unless none is left. */
  async #register(targets: readonly Target[]): Promise<Map<string, Registration | undefined>> {
    const { config, version, clientOf, forever, log, clock } = this.#options
    const card = { name: config.agentName, description: config.agentDescription, version }
    if (!config.autoRegister) return new Map(targets.map(({ workspaceId }) => [workspaceId, undefined]))
    const outcomes = await Promise.all(
      targets.map(async (target) => {
        const { workspaceId } = target
        const client = clientOf(target)
        const warn = (sentence: string): void => log.warn(`workspace ${workspaceId} ${sentence}`)
        const options = { client, card, forever, warn, clock, signal: this.#closing.signal }
        try {
          return [workspaceId, await registerWithin(options)] as const
        } catch (error) {
          if (error instanceof Ending) return error
          throw error
        }
      }),
    )
    const endings = outcomes.filter((outcome) => outcome instanceof Ending)
    const [first] = endings
    if (first !== undefined && endings.length === targets.length) throw first
    for (const { message } of endings) log.error(message)
    return new Map(outcomes.flatMap((outcome) => (outcome instanceof Ending ? [] : [outcome])))
  }

  async #work(registered: Map<string, Registration | undefined>, ledger: Ledger): Promise<void> {
    const { backend, log, paths, sendsEmpty, notice, clock } = this.#options
    const { signal } = this.#running
    const targets = this.#options.config.targets.filter(({ workspaceId }) => registered.has(workspaceId))
    const config = { ...this.#options.config, targets }
    const served: ServedWorkspace[] = []
    const surroundings: Surroundings = {
      ...this.#options,
      registered: new Map([...registered].flatMap(([id, outcome]) => (outcome ? [[id, outcome]] : []))),
      runtime: (workspaceId) => ({
        ...backend.runtime,
        wedged: served.find(({ membership }) => membership.workspace.id === workspaceId)?.health.reason,
      }),
    }
    const memberships = new Memberships(surroundings, config, ledger, signal)
    const files = receivedFiles(this.#options, config, signal)
    for (const membership of memberships.all) {
      const { signal: closing } = this.#closing
      const stateFolder = paths.folder
      served.push(
        new ServedWorkspace({ membership, ledger, backend, files, sendsEmpty, closing, stateFolder }),
      )
    }
    const runs = served.map(({ worker }) => worker.run())
    memberships.start()
    const ids = targets.map(({ workspaceId }) => workspaceId).join(', ')
    log.info(`serves ${counted(targets.length, 'workspace')}: ${ids} mode=poll backend=${backend.name}`)
    await notice.ready()
    await this.#watch(served, ledger)
    if (served.some(({ worker }) => worker.current !== undefined)) {
      log.info(`gives the message in hand ${GRACE_MS / 1000} more seconds; a second signal ends it at once`)
    }
    // A service manager ends what says that it stops.
    if (!(this.#ending instanceof Restart)) await notice.stopping()
    await Promise.race([Promise.all(runs), sleep(GRACE_MS, signal, clock)])
    this.#running.abort()
    // Each ends at once now, after it has recorded what it leaves.
    await Promise.all(runs)
    memberships.stop()
  }

  /** Resolves when it is to end. */
  async #watch(served: readonly ServedWorkspace[], ledger: Ledger): Promise<void> {
    const { clock } = this.#options
    let [reportedAt, reported] = [0, '']
    while (!this.#closing.signal.aborted) {
      const reports = served.map(({ membership }) => membership.report())
      const ending = this.#isOver(served, reports, ledger)
      if (ending !== undefined) {
        this.#end(ending)
        return
      }
      this.#ledgerFile.tidy()
      this.#tellTaken(reports)
      const held = reports.map((report) => Number(report.held)).join('')
      if (held !== reported || Math.abs(clock.now() - reportedAt) >= REPORT_MS) {
        ;[reportedAt, reported] = [clock.now(), held]
        this.#report(served, ledger)
      }
      await this.#check.wait(CHECK_MS, this.#running.signal)
    }
  }

  /**
   * Says once of each workspace that another process holds it: a process that this one waits for, that began together
   * with it, or that claimed the workspace.
   */
  #tellTaken(reports: readonly MembershipReport[]): void {
    const now = this.#options.clock.now()
    for (const { workspaceId, elsewhere } of reports) {
      const since = this.#takenSince.get(workspaceId)
      if (!elsewhere) this.#takenSince.delete(workspaceId)
      else if (since === undefined) this.#takenSince.set(workspaceId, now)
      else if (now - since >= TAKEN_MS) {
        this.#takenSince.set(workspaceId, Number.POSITIVE_INFINITY)
        this.#options.log.info(`${this.#whoHolds(workspaceId)}: waits until that one ends`)
      }
    }
  }

  /** Writes down for `status` what is done here. */
  #report(served: readonly ServedWorkspace[], ledger: Ledger): void {
    const { paths, disk, holder, holders, clock, log } = this.#options
    const memberships = served.map(({ membership }) => membership)
    const options = { targets: [], memberships, locks: paths.locks, disk, holders }
    const views = workspaceViews(options, ledger, clock.now())
    try {
      for (const [index, view] of views.entries()) {
        const setAside = ledger.workOf(view.workspaceId).countSetAside()
        const text = renderReport(view, served[index]?.service, setAside, clock.now())
        if (view.held) writeReport(paths.locks, view.workspaceId, holder.pid, log.redact(text))
      }
    } catch (error) {
      // A full disk must not stop the work; the report is a courtesy.
      log.debug(`cannot write its report: ${describeError(error)}`)
    }
  }

  #isOver(
    served: readonly ServedWorkspace[],
    reports: readonly MembershipReport[],
    ledger: Ledger,
  ): Ending | undefined {
    const loss = this.#ledgerFile.loss()
    if (loss !== undefined || served.some(({ membership }) => membership.lockLost)) {
      return new Ending(EXIT.failed, 'the state folder was lost or replaced: start again')
    }
    if (this.#options.isStale()) return new Restart(EXIT.ended, 'the settings have changed: begins again')
    const gone = reports.flatMap(({ workspaceId, dead, parked }) =>
      dead === undefined && parked === undefined
        ? []
        : [`workspace ${workspaceId} is ${parked ?? 'given up'}${dead === undefined ? '' : `: ${dead}`}`],
    )
    if (gone.length === served.length) {
      const isRefused = reports.some(({ dead }) => dead !== undefined)
      const failed = served.some(({ membership }) => membership.hasFault)
      return new Ending(failed ? EXIT.failed : isRefused ? EXIT.refused : EXIT.ended, gone.join('\n'))
    }
    if (!this.#options.once) return undefined
    const isDone = reports.every(
      ({ workspaceId, held, lastReadAt, dead }, index) =>
        dead !== undefined ||
        (held &&
          lastReadAt !== undefined &&
          served[index]?.worker.current === undefined &&
          ledger.workOf(workspaceId).next() === undefined),
    )
    if (!isDone) return undefined
    const aside = served.reduce((sum, { worker }) => sum + worker.setAside, 0)
    if (aside === 0) return new Ending(EXIT.ended, 'nothing more waits')
    return new Ending(
      EXIT.failed,
      `nothing more waits, and ${counted(aside, 'message')} could not be answered`,
    )
  }
}
