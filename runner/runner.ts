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
import { counted } from '../base/plural.ts'
import { sleep } from '../base/sleep.ts'
import { Wake } from '../base/wake.ts'
import { receivedFiles } from '../member/files/received-files.ts'
import { readPidFile } from '../member/folder/holder-record.ts'
import { isHeld, lockPaths } from '../member/folder/lock.ts'
import type { Ledger } from '../member/ledger/ledger.ts'
import { SessionLedger } from '../member/ledger/session-ledger.ts'
import type { Config, Target } from '../member/settings/config.ts'
import { FolderOpening } from '../member/workspace/folder-opening.ts'
import type { Membership } from '../member/workspace/membership.ts'
import { Memberships, type Surroundings } from '../member/workspace/memberships.ts'
import type { Backend } from './backend/backend.ts'
import { recordResult } from './delegation-results.ts'
import { Ending, EXIT } from './exit-code.ts'
import { Health } from './health.ts'
import { registerWithin } from './registration.ts'
import { Worker } from './worker.ts'

export interface RunnerOptions extends Omit<Surroundings, 'runtime' | 'registered'> {
  readonly config: Config
  readonly backend: Backend
  readonly sendsEmpty: boolean
  readonly once: boolean
  readonly wait: boolean
  readonly forever: boolean
}

/** How long the message in hand may still take once the process is asked to end. */
const GRACE_MS = 10_000
/** How often to check whether anything is left to do here. */
const CHECK_MS = 500

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
      await this.#work(targets, ledger)
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
    throw new Ending(EXIT.failed, this.#opening.problem ?? 'the state folder cannot be used')
  }

  /** Those that no other process holds; all of them with `wait`. */
  #free(): readonly Target[] {
    const { config, paths, disk, wait, log } = this.#options
    if (wait) return config.targets
    const taken: string[] = []
    const free = config.targets.filter(({ workspaceId }) => {
      const { lock, holder } = lockPaths(paths.locks, workspaceId)
      if (!isHeld(lock, disk)) return true
      const record = readPidFile(holder)
      const who = record === undefined ? 'another process' : `pid ${record.pid} in ${record.project}`
      taken.push(`workspace ${workspaceId} is held by ${who}: end that one, or start this one with --wait.`)
      return false
    })
    if (free.length === 0) throw new Ending(EXIT.failed, taken.join('\n'))
    for (const sentence of taken) log.warn(sentence)
    return free
  }

  /** Registers each; one that fails is left out, unless none is left. */
  async #register(targets: readonly Target[]): Promise<readonly Target[]> {
    const { config, version, clientOf, forever, log, clock } = this.#options
    const card = { name: config.agentName, description: config.agentDescription, version }
    if (!config.autoRegister) return targets
    const outcomes = await Promise.all(
      targets.map(async (target) => {
        const { workspaceId } = target
        const client = clientOf(target)
        const warn = (sentence: string): void => log.warn(`workspace ${workspaceId} ${sentence}`)
        const options = { client, card, forever, warn, clock, signal: this.#closing.signal }
        try {
          const registration = await registerWithin(options)
          return { target, registration }
        } catch (error) {
          if (error instanceof Ending) return { target, ending: error }
          throw error
        }
      }),
    )
    const endings = outcomes.flatMap(({ ending }) => (ending === undefined ? [] : [ending]))
    const [first] = endings
    if (first !== undefined && endings.length === targets.length) throw first
    for (const { message } of endings) log.error(message)
    return outcomes.flatMap(({ target, ending }) => (ending === undefined ? [target] : []))
  }

  async #work(targets: readonly Target[], ledger: Ledger): Promise<void> {
    const { config, backend, log, paths } = this.#options
    const { signal } = this.#running
    const healths = new Map<string, Health>()
    const surroundings: Surroundings = {
      ...this.#options,
      registered: new Set(targets.map(({ workspaceId }) => workspaceId)),
      runtime: (workspaceId) => ({
        ...backend.runtime,
        wedged: healths.get(workspaceId)?.reason,
      }),
    }
    const memberships = new Memberships(surroundings, { ...config, targets }, ledger, signal)
    const files = receivedFiles(this.#options, { ...config, targets }, signal)
    const workers = memberships.all.map(({ workspace }) => {
      const health = new Health(backend.runtime, (error) => workspace.events.emit('handled', error))
      healths.set(workspace.id, health)
      const worker = new Worker({
        workspace,
        queue: ledger.workOf(workspace.id),
        backend,
        health,
        files,
        sendsEmpty: this.#options.sendsEmpty,
        isDeliverable: () => memberships.deliverable().includes(workspace.id),
        closing: this.#closing.signal,
        onResult: async (stored, message) => recordResult(paths.folder, stored, message),
      })
      workspace.events.on('held', () => worker.notify())
      workspace.events.on('stored', () => worker.notify())
      return worker
    })
    const runs = workers.map((worker) => worker.run())
    memberships.start()
    log.info(
      `serves ${counted(targets.length, 'workspace')}: ${targets
        .map(({ workspaceId }) => workspaceId)
        .join(', ')} mode=poll backend=${backend.name}`,
    )
    await this.#watch(memberships.all, workers, ledger)
    await Promise.race([Promise.all(runs), sleep(GRACE_MS, signal, this.#options.clock)])
    this.#running.abort()
    // Each ends at once now, after it has recorded what it leaves.
    await Promise.all(runs)
    memberships.stop()
  }

  /** Resolves when it is to end. */
  async #watch(
    memberships: readonly Membership[],
    workers: readonly Worker[],
    ledger: Ledger,
  ): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const ending = this.#isOver(memberships, workers, ledger)
      if (ending !== undefined) {
        this.#end(ending)
        return
      }
      this.#ledgerFile.tidy()
      await this.#check.wait(CHECK_MS, this.#running.signal)
    }
  }

  #isOver(
    memberships: readonly Membership[],
    workers: readonly Worker[],
    ledger: Ledger,
  ): Ending | undefined {
    const loss = this.#ledgerFile.loss()
    if (loss !== undefined || memberships.some(({ lockLost }) => lockLost)) {
      return new Ending(EXIT.failed, 'the state folder was lost or replaced: start again')
    }
    const reports = memberships.map((membership) => membership.report())
    const gone = reports.flatMap(({ workspaceId, dead, parked }) =>
      dead === undefined && parked === undefined
        ? []
        : [`workspace ${workspaceId} is ${parked ?? 'given up'}${dead === undefined ? '' : `: ${dead}`}`],
    )
    if (gone.length === memberships.length) return new Ending(EXIT.ended, gone.join('\n'))
    if (!this.#options.once) return undefined
    const isDone = reports.every(
      ({ workspaceId, held, lastReadAt, dead }, index) =>
        dead !== undefined ||
        (held &&
          lastReadAt !== undefined &&
          workers[index]?.current === undefined &&
          ledger.workOf(workspaceId).next() === undefined),
    )
    return isDone ? new Ending(EXIT.ended, 'everything that waited is answered') : undefined
  }
}
