/**
 * One workspace of ours on its platform, and who receives for it. Each membership fails alone.
 *
 * - waiting: another process has the lock, or claims it. Left for `held` when the lock is taken.
 * - held: a {@link Tenure}. Left for `waiting` when another session claims the workspace.
 *
 * The signal of the workspace ends either.
 */
import { describeError } from '../../base/errors.ts'
import { sleep } from '../../base/sleep.ts'
import { Wake } from '../../base/wake.ts'
import { CLAIM_FRESH_MS, type Claim, type ClaimFile } from '../folder/claim.ts'
import type { LockAttempt, LockFile } from '../folder/lock.ts'
import type { Stopped } from '../folder/stopped-process.ts'
import { Tenure, type TenureOptions, type TenureReport } from './tenure.ts'
import type { Workspace } from './workspace.ts'

export interface MembershipOptions extends TenureOptions {
  readonly lock: LockFile
  readonly claims: ClaimFile
  /** Our identity in a claim. */
  readonly claimant: Omit<Claim, 'at'>
  /** Whether the session that holds the lock is stopped, as far as can be told. */
  readonly stoppedHolder: () => Stopped | undefined
}

export interface MembershipReport extends TenureReport {
  readonly workspaceId: string
  readonly platformUrl: string
  readonly held: boolean
  /** Another process has it, as far as we know. */
  readonly elsewhere: boolean
  /** That process, or its host, is stopped: no session shows the messages. */
  readonly stopped: Stopped | undefined
}

/** The outcome of a claim: held here, or why not. */
export type ClaimResult = { readonly held: true } | { readonly held: false; readonly because: string }

/** How often a standby tries the lock: it takes over within this time of a holder's end. */
const LOCK_INTERVAL_MS = 500
/** The same while this session claims the workspace. */
const CLAIMING_INTERVAL_MS = 50

/** A holder that runs heeds a claim within a second. One that is stopped never does, so its lock is taken after this. */
const SEIZE_AFTER_MS = 2_000
/** How often a standby checks whether the holder is stopped: where `ps` tells, it costs some milliseconds. */
const STOPPED_INTERVAL_MS = 5_000

const NOT_GIVEN_BACK = 'the session that holds it has not given it back within 10 s; close that one'

/** The report on a workspace about which nothing is known. */
export const NOT_JOINED = {
  held: false,
  elsewhere: false,
  stopped: undefined,
  registered: false,
  stream: 'waiting',
  otherSeenAt: undefined,
  lastReadAt: undefined,
  lastBeatAt: undefined,
  firstBeatAt: undefined,
  beatProblem: undefined,
  wrongMode: undefined,
  parked: undefined,
  lastError: undefined,
  failing: false,
  dead: undefined,
} satisfies Partial<MembershipReport>

export class Membership {
  readonly workspace: Workspace
  readonly #options: MembershipOptions
  readonly #wake: Wake
  #tenure: Tenure | undefined
  #elsewhere = false
  #stopped: Stopped | undefined
  #stoppedAt = Number.NEGATIVE_INFINITY
  /** When this session began to claim the workspace; undefined while it does not. */
  #claimingSince: number | undefined
  #lockProblem: string | undefined
  /** Why this session no longer tries to hold it. */
  #fault: string | undefined

  constructor(workspace: Workspace, options: MembershipOptions) {
    this.workspace = workspace
    this.#options = options
    this.#wake = new Wake(workspace.clock)
    workspace.signal.addEventListener('abort', () => this.#stop(), { once: true })
  }

  /** A session that was stopped and runs again may have lost its lock in the meantime, so the file itself is checked. */
  get held(): boolean {
    return this.#tenure?.held === true && !this.#options.lock.lost
  }

  /** Another process can take the lock of this workspace, whether or not it is held here. */
  get lockLost(): boolean {
    return this.#options.lock.lost
  }

  report(): MembershipReport {
    const { workspaceId, platformUrl } = this.workspace.client.endpoint
    const tenure = this.#tenure?.report()
    return {
      ...NOT_JOINED,
      ...tenure,
      workspaceId,
      platformUrl,
      held: this.held,
      elsewhere: this.#elsewhere,
      stopped: this.#elsewhere ? this.#stopped : undefined,
      lastError: this.#lockProblem ?? tenure?.lastError,
      dead: this.#fault ?? tenure?.dead,
    }
  }

  /** Gives the workspace back for good: another session may receive for it. */
  abandon(reason: string): void {
    this.#fault = reason
    this.#elsewhere = false
    this.#stop()
  }

  /** Waits for the lock and holds it, repeatedly, until the signal aborts. Never throws. */
  async run(): Promise<void> {
    const { events, clock, signal } = this.workspace
    const { lock, claims, claimant } = this.#options
    for (;;) {
      await this.#takeLock()
      if (signal.aborted) return
      events.emit('locked')
      claims.clear(claimant.session, clock.now())
      const tenure = new Tenure(this.workspace, this.#options)
      this.#tenure = tenure
      await tenure.run()
      // Everything under way has ended: from here on another process may read and deliver.
      this.#tenure = undefined
      lock.close()
      events.emit('givenBack')
    }
  }

  /** The machine was asleep. */
  woke(): void {
    this.#tenure?.woke()
  }

  /** Releases the lock if another session claims the workspace. Called regularly. */
  heedClaim(): void {
    if (this.#tenure === undefined || this.#tenure.signal.aborted) return
    const { claims, claimant } = this.#options
    const claim = claims.foreign(claimant.session, this.workspace.clock.now())
    if (claim === undefined) return
    this.workspace.log(`is released to the session with pid ${claim.pid}, which claimed it`)
    this.#tenure.end()
  }

  /** Moves the workspace to this session, whichever session holds it now, within ten seconds. */
  async claim(signal: AbortSignal): Promise<ClaimResult> {
    const { clock } = this.workspace
    const { claims, claimant } = this.#options
    const until = clock.now() + CLAIM_FRESH_MS
    try {
      if (!this.held) claims.write({ ...claimant, at: clock.now() })
      this.#claimingSince = clock.now()
      while (!this.held) {
        if (signal.aborted || this.workspace.signal.aborted) {
          return { held: false, because: 'it was called off' }
        }
        const other = claims.foreign(claimant.session, clock.now())
        if (other !== undefined) {
          return { held: false, because: `the session with pid ${other.pid} claims it at the same time` }
        }
        if (clock.now() >= until) return { held: false, because: this.report().lastError ?? NOT_GIVEN_BACK }
        this.#wake.notify()
        await sleep(CLAIMING_INTERVAL_MS, signal, clock)
      }
      return { held: true }
    } catch (error) {
      return { held: false, because: `the claim cannot be written: ${describeError(error)}` }
    } finally {
      this.#claimingSince = undefined
      claims.clear(claimant.session, clock.now())
    }
  }

  async #takeLock(): Promise<void> {
    const { clock, warn, signal } = this.workspace
    const { claims, claimant } = this.#options
    while (!signal.aborted) {
      const claim = claims.foreign(claimant.session, clock.now())
      const attempt = claim === undefined ? this.#tryLock() : { state: 'busy' as const }
      this.#elsewhere = attempt.state === 'busy'
      if (this.#elsewhere) this.#checkHolder()
      const problem = attempt.state === 'failed' ? attempt.reason : undefined
      if (problem !== undefined && problem !== this.#lockProblem) warn(problem)
      this.#lockProblem = problem
      if (attempt.state === 'held') return
      await this.#wake.wait(LOCK_INTERVAL_MS, signal)
    }
  }

  /** Takes the lock of a stopped session only on a person's claim: its user decides where messages appear. */
  #tryLock(): LockAttempt {
    const { clock, log } = this.workspace
    const { lock, stoppedHolder } = this.#options
    const attempt = lock.tryTake()
    if (attempt.state !== 'busy' || this.#claimingSince === undefined) return attempt
    if (clock.now() - this.#claimingSince < SEIZE_AFTER_MS || stoppedHolder() !== 'plugin') return attempt
    log('is taken over from a session that is stopped (Ctrl-Z)')
    return lock.seize()
  }

  #checkHolder(): void {
    const now = this.workspace.clock.now()
    if (Math.abs(now - this.#stoppedAt) < STOPPED_INTERVAL_MS) return
    this.#stoppedAt = now
    this.#stopped = this.#options.stoppedHolder()
  }

  #stop(): void {
    this.#tenure?.end()
    this.#options.lock.close()
  }
}
