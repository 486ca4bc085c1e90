/**
 * Opens what this session keeps in the state folder: the log file and the ledger. That may take long, since other
 * sessions open the same files and a large ledger is checked first, so everything else continues meanwhile.
 *
 * - closed: at first, and after the folder was lost. Left for `opening`.
 * - opening: one attempt. Left for `open`, or for `closed` with the problem.
 * - open: until {@link FolderOpening.close}.
 */
import type { Clock } from '../../base/clock.ts'
import { describeError } from '../../base/errors.ts'
import { sleep } from '../../base/sleep.ts'
import { tightenEnvFile } from '../folder/env-file.ts'
import type { Log } from '../folder/log.ts'
import { ensureStateFolder, type StatePaths } from '../folder/state-folder.ts'
import type { SessionLedger } from '../ledger/session-ledger.ts'

export interface FolderOpeningOptions {
  readonly paths: StatePaths
  readonly ledger: SessionLedger
  readonly log: Log
  readonly clock: Clock
}

/** Why a session starts over. */
export const LOCK_REPLACED =
  'a lock was replaced, perhaps by a session that took a workspace over while this one was stopped; this session starts over'
export const FOLDER_REPLACED = 'the state folder was replaced; the session starts over in the new one'

/** How long a tool waits for the first attempt, and how long an attempt may take without being mentioned. */
const USUAL_MS = 1_000
/** A little longer than an attempt waits for another session that opens the ledger. */
const ATTEMPT_MS = 11_000

export class FolderOpening {
  readonly #options: FolderOpeningOptions
  readonly #running = new AbortController()
  #attempt: Promise<void> | undefined
  #begunAt = 0
  #problem: string | undefined

  constructor(options: FolderOpeningOptions) {
    this.#options = options
  }

  /** Why the folder cannot be used now, as a sentence; undefined while it can, or soon will. */
  get problem(): string | undefined {
    if (this.#problem !== undefined) return this.#problem
    const { paths, clock } = this.#options
    if (this.#attempt === undefined || Math.abs(clock.now() - this.#begunAt) < USUAL_MS) return undefined
    return `the state folder ${paths.folder} cannot be used yet: the ledger is being checked, or another session is opening it`
  }

  /** Resolves once an attempt is over, the one under way or a new one; at once if everything is open. Never rejects. */
  open(): Promise<void> {
    if (this.#options.ledger.current !== undefined || this.#running.signal.aborted) return Promise.resolve()
    this.#attempt ??= this.#open().finally(() => {
      this.#attempt = undefined
    })
    return this.#attempt
  }

  /** Resolves as {@link open}, or after some ten seconds. */
  async attempt(signal: AbortSignal): Promise<void> {
    await Promise.race([this.open(), sleep(ATTEMPT_MS, signal, this.#options.clock)])
  }

  /** What a tool waits for before it uses the ledger: the first attempt, for at most a second. Undefined: nothing. */
  underWay(): Promise<void> | undefined {
    if (this.#attempt === undefined || this.problem !== undefined) return undefined
    return Promise.race([this.#attempt, sleep(USUAL_MS, this.#running.signal, this.#options.clock)])
  }

  /** The folder was lost: {@link open} begins anew. */
  close(): void {
    this.#options.ledger.close()
  }

  /** Gives up an attempt. Nothing is opened after that. */
  stop(): void {
    this.#running.abort()
  }

  async #open(): Promise<void> {
    const { paths, ledger, log, clock } = this.#options
    this.#begunAt = clock.now()
    try {
      const warnings = [ensureStateFolder(paths), tightenEnvFile(paths.envFile)]
      log.openFile(paths.logFile)
      for (const warning of warnings) if (warning !== undefined) log.warn(warning)
      await ledger.open(this.#running.signal)
      this.#problem = undefined
    } catch (error) {
      if (this.#running.signal.aborted) return
      const problem = `the state folder ${paths.folder} cannot be used: ${describeError(error)}`
      if (problem !== this.#problem) log.error(problem)
      this.#problem = problem
    }
  }
}
