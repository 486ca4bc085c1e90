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
import type { LockFile } from '../folder/lock.ts'
import { Tenure, type TenureOptions, type TenureReport } from './tenure.ts'
import type { Workspace } from './workspace.ts'

export interface MembershipOptions extends TenureOptions {
  readonly lock: LockFile
  readonly claims: ClaimFile
  /** Our identity in a claim. */
  readonly claimant: Omit<Claim, 'at'>
}

export interface MembershipReport extends TenureReport {
  readonly workspaceId: string
  readonly platformUrl: string
  readonly held: boolean
  /** Another process has it, as far as we know. */
  readonly elsewhere: boolean
}

/** The outcome of a claim: held here, or why not. */
export type ClaimResult = { readonly held: true } | { readonly held: false; readonly because: string }

/** How often a standby tries the lock: it takes over within this time of a holder's end. */
const LOCK_INTERVAL_MS = 500
/** The same while this session claims the workspace. */
const CLAIMING_INTERVAL_MS = 50

const NOT_GIVEN_BACK = 'the session that holds it has not given it back within 10 s; close that one'

/** The report on a workspace about which nothing is known. */
export const NOT_JOINED = {
  held: false,
  elsewhere: false,
  registered: false,
  live: false,
  lastReadAt: undefined,
  lastBeatAt: undefined,
  firstBeatAt: undefined,
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
  #lockProblem: string | undefined

  constructor(workspace: Workspace, options: MembershipOptions) {
    this.workspace = workspace
    this.#options = options
    this.#wake = new Wake(workspace.clock)
    workspace.signal.addEventListener('abort', () => this.#stop(), { once: true })
  }

  get held(): boolean {
    return this.#tenure?.held ?? false
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
      lastError: this.#lockProblem ?? tenure?.lastError,
    }
  }

  /** Waits for the lock and holds it, repeatedly, until the signal aborts. Never throws. */
  async run(): Promise<void> {
    const { events, clock, signal } = this.workspace
    const { lock, claims, claimant } = this.#options
    for (;;) {
      await this.#takeLock()
      if (signal.aborted) return
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
      claims.clear(claimant.session, clock.now())
    }
  }

  async #takeLock(): Promise<void> {
    const { clock, log, signal } = this.workspace
    const { lock, claims, claimant } = this.#options
    while (!signal.aborted) {
      const claim = claims.foreign(claimant.session, clock.now())
      const attempt = claim === undefined ? lock.tryTake() : { state: 'busy' as const }
      this.#elsewhere = attempt.state === 'busy'
      const problem = attempt.state === 'failed' ? attempt.reason : undefined
      if (problem !== undefined && problem !== this.#lockProblem) log(problem)
      this.#lockProblem = problem
      if (attempt.state === 'held') return
      await this.#wake.wait(LOCK_INTERVAL_MS, signal)
    }
  }

  #stop(): void {
    this.#tenure?.end()
    this.#options.lock.close()
  }
}
