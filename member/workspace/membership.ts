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
import { type Holder, readPidFile } from '../folder/holder-record.ts'
import type { HolderWatch, OpenClaim, Standstill } from '../folder/holder-watch.ts'
import type { LockAttempt, LockFile } from '../folder/lock.ts'
import { Tenure, type TenureOptions, type TenureReport } from './tenure.ts'
import type { Workspace } from './workspace.ts'

export interface MembershipOptions extends TenureOptions {
  readonly lock: LockFile
  readonly claims: ClaimFile
  /** Our identity in a claim. */
  readonly claimant: Omit<Claim, 'at'>
  /** The path of the holder's record. */
  readonly record: string
  readonly holders: HolderWatch
}

export interface MembershipReport extends TenureReport {
  readonly workspaceId: string
  readonly platformUrl: string
  readonly held: boolean
  /** Another process has it, as far as we know. */
  readonly elsewhere: boolean
  /** That process, or its host, stands still: no session shows the messages. */
  readonly standstill: Standstill | undefined
}

/** The outcome of a claim: held here, or why not. */
export type ClaimResult =
  | { readonly held: true }
  | { readonly held: false; readonly because: string }
  /** The session that has it, as far as its record says, did not give it back in time. */
  | { readonly held: false; readonly keptBy: Holder | undefined }

/** How often a standby tries the lock: it takes over within this time of a holder's end. */
const LOCK_INTERVAL_MS = 500
/** The same while this session claims the workspace. */
const CLAIMING_INTERVAL_MS = 50

/** How often a standby checks whether the holder stands still: where `ps` tells, it costs some milliseconds. */
const STANDSTILL_INTERVAL_MS = 5_000

/** The report on a workspace about which nothing is known. */
export const NOT_JOINED = {
  held: false,
  elsewhere: false,
  standstill: undefined,
  registered: false,
  stream: 'waiting',
  otherSeenAt: undefined,
  lastReadAt: undefined,
  slowed: undefined,
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
  #standstill: Standstill | undefined
  #checkedAt = Number.NEGATIVE_INFINITY
  /** Of this session; undefined while it does not claim the workspace. */
  #claim: OpenClaim | undefined
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

  /** Held, and what it has stored is safely on the disk. */
  get deliverable(): boolean {
    return this.held && this.workspace.ledger.flushing === undefined
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
      standstill: this.#elsewhere ? this.#standstill : undefined,
      lastError: this.#lockProblem ?? tenure?.lastError,
      dead: this.#fault ?? tenure?.dead,
    }
  }

  /** It was given up because of a fault of ours, and not by the platform. */
  get hasFault(): boolean {
    return this.#fault !== undefined
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

  /** Releases the lock if another session claims the workspace, and says whether one does. Called regularly. */
  heedClaim(): boolean {
    if (this.#tenure === undefined) return false
    const { claims, claimant } = this.#options
    const claim = claims.foreign(claimant.session, this.workspace.clock.now())
    if (claim === undefined) return false
    if (this.#tenure.signal.aborted) return true
    this.workspace.log(`is released to the session with pid ${claim.pid}, which claimed it`)
    this.#tenure.end()
    return true
  }

  /** Moves the workspace to this session, whichever session holds it now, within ten seconds. */
  async claim(signal: AbortSignal): Promise<ClaimResult> {
    const { clock } = this.workspace
    const { claims, claimant } = this.#options
    const until = clock.now() + CLAIM_FRESH_MS
    try {
      if (!this.held) claims.write({ ...claimant, at: clock.now() })
      this.#claim = this.#options.holders.openClaim(this.#options.record)
      while (!this.held) {
        if (signal.aborted || this.workspace.signal.aborted) {
          return { held: false, because: 'it was called off' }
        }
        const other = claims.foreign(claimant.session, clock.now())
        if (other !== undefined) {
          return { held: false, because: `the session with pid ${other.pid} claims it at the same time` }
        }
        if (clock.now() >= until) return this.#notGivenBack()
        this.#wake.notify()
        await sleep(CLAIMING_INTERVAL_MS, signal, clock)
      }
      return { held: true }
    } catch (error) {
      return { held: false, because: `the claim cannot be written: ${describeError(error)}` }
    } finally {
      this.#claim = undefined
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

  /** Takes the lock of a session that stands still only on a person's claim: its user decides where messages appear. */
  #tryLock(): LockAttempt {
    const { lock, holders, record } = this.#options
    const attempt = lock.tryTake()
    if (attempt.state !== 'busy' || this.#claim === undefined) return attempt
    if (!holders.maySeize(record, this.#claim)) return attempt
    this.workspace.log('is taken over from a session that stands still')
    return lock.seize()
  }

  #checkHolder(): void {
    const now = this.workspace.clock.now()
    if (Math.abs(now - this.#checkedAt) < STANDSTILL_INTERVAL_MS) return
    this.#checkedAt = now
    this.#standstill = this.#options.holders.standstill(this.#options.record)
  }

  #notGivenBack(): ClaimResult {
    const { lastError } = this.report()
    if (lastError !== undefined) return { held: false, because: lastError }
    return { held: false, keptBy: readPidFile(this.#options.record) }
  }

  #stop(): void {
    this.#tenure?.end()
    this.#options.lock.close()
  }
}
