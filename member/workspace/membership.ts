/**
 * One workspace of ours on its platform, and who consumes it. Each membership fails alone.
 *
 * waiting -> held -> waiting ... Waiting: another process has the lock, or claims it. Held: a {@link Tenure}, until
 * another session claims the workspace or this session ends.
 */

import { sleep } from '../../base/sleep.ts'
import { Wake } from '../../base/wake.ts'
import { PlatformClient } from '../client/client.ts'
import { CLAIM_FRESH_MS, type Claim, type ClaimFile } from '../folder/claim.ts'
import type { LockFile } from '../folder/lock.ts'
import { Tenure, type TenureOptions, type TenureReport } from './tenure.ts'

export interface MembershipOptions extends TenureOptions {
  readonly lock: LockFile
  readonly claims: ClaimFile
  /** Who we are in a claim of ours. */
  readonly claimant: Omit<Claim, 'at'>
  readonly signal: AbortSignal
  /** The lock was given back. */
  readonly onGivenBack: () => void
}

export interface MembershipReport extends TenureReport {
  readonly workspaceId: string
  readonly platformUrl: string
  readonly held: boolean
  /** Another process has it, as far as was seen. */
  readonly elsewhere: boolean
}

/** What became of a claim: held here, or why not. */
export type ClaimResult = { readonly held: true } | { readonly held: false; readonly because: string }

/** How often a standby tries the lock: within this of a holder's end it takes over. */
const LOCK_INTERVAL_MS = 500
/** The same while this session claims it. */
const CLAIMING_INTERVAL_MS = 50

/** Of a workspace that nothing is known of. */
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
  readonly client: PlatformClient
  readonly #o: MembershipOptions
  readonly #now: () => number
  readonly #wake = new Wake()
  #tenure: Tenure | undefined
  #elsewhere = false
  #lockProblem: string | undefined

  constructor(options: MembershipOptions) {
    const { target, config, signal, fetchImpl } = options
    this.#o = options
    this.#now = options.now ?? Date.now
    this.client = new PlatformClient(
      { ...target, orgId: config.orgId },
      fetchImpl === undefined ? {} : { fetchImpl },
    )
    signal.addEventListener('abort', () => this.#stop(), { once: true })
  }

  get held(): boolean {
    return this.#tenure?.held ?? false
  }

  /** Another process can take the lock of this workspace, whether or not it is held here. */
  get lockLost(): boolean {
    return this.#o.lock.lost
  }

  report(): MembershipReport {
    const { workspaceId, platformUrl } = this.#o.target
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

  /** Messages of this workspace were sent. */
  sent(): void {
    this.#tenure?.sent()
  }

  /** Waits for the lock and holds it, again and again, until the signal aborts. No error leaves it. */
  async run(): Promise<void> {
    const { lock, claims, claimant, signal, onGivenBack } = this.#o
    for (;;) {
      await this.#takeLock()
      if (signal.aborted) return
      claims.clear(claimant.session, this.#now())
      const tenure = new Tenure(this.client, this.#o)
      this.#tenure = tenure
      await tenure.run()
      if (signal.aborted) return
      // What was under way has ended: from here on another one may read and deliver.
      this.#tenure = undefined
      this.#elsewhere = true
      lock.close()
      onGivenBack()
    }
  }

  /** Gives the lock back if another session claims the workspace. Called now and then. */
  heedClaim(): void {
    if (this.#tenure === undefined || this.#tenure.signal.aborted) return
    const { claims, claimant } = this.#o
    const claim = claims.foreign(claimant.session, this.#now())
    if (claim === undefined) return
    this.#log(`is given to the session with pid ${claim.pid}, which claims it`)
    this.#tenure.end()
  }

  /** Has this session hold the workspace, whoever does now, within ten seconds. */
  async claim(signal: AbortSignal): Promise<ClaimResult> {
    const { claims, claimant } = this.#o
    const until = this.#now() + CLAIM_FRESH_MS
    try {
      if (!this.held) claims.write({ ...claimant, at: this.#now() })
      while (!this.held) {
        if (signal.aborted || this.#o.signal.aborted) return { held: false, because: 'it was called off' }
        const other = claims.foreign(claimant.session, this.#now())
        if (other !== undefined) {
          return { held: false, because: `the session with pid ${other.pid} claims it at the same time` }
        }
        if (this.#now() >= until) return { held: false, because: this.#whyNot() }
        this.#wake.notify()
        await sleep(CLAIMING_INTERVAL_MS, signal)
      }
      return { held: true }
    } catch (error) {
      return { held: false, because: `the claim cannot be written: ${String(error)}` }
    } finally {
      claims.clear(claimant.session, this.#now())
    }
  }

  async #takeLock(): Promise<void> {
    const { lock, claims, claimant, signal } = this.#o
    while (!signal.aborted) {
      const claim = claims.foreign(claimant.session, this.#now())
      const attempt = claim === undefined ? lock.tryTake() : { state: 'busy' as const }
      this.#elsewhere = attempt.state === 'busy'
      const problem = attempt.state === 'failed' ? attempt.reason : undefined
      if (problem !== undefined && problem !== this.#lockProblem) this.#log(problem)
      this.#lockProblem = problem
      if (attempt.state === 'held') return
      await this.#wake.wait(LOCK_INTERVAL_MS, signal)
    }
  }

  #whyNot(): string {
    if (this.#lockProblem !== undefined) return this.#lockProblem
    const { lastError } = this.report()
    return lastError ?? 'the session that holds it has not given it back within 10 s; close that one'
  }

  #stop(): void {
    this.#tenure?.end()
    this.#o.lock.close()
  }

  #log(text: string): void {
    this.#o.log(`workspace ${this.#o.target.workspaceId} ${text}`)
  }
}
