/** That a workspace is there for others: it is registered, and its heartbeats keep the badge on. */

import { describeError } from '../../base/errors.ts'
import { sleep } from '../../base/sleep.ts'
import { type BeatResult, startHeartbeatLoop } from '../../heartbeat.ts'
import { failureDelay } from '../../poll.ts'
import type { PlatformClient } from '../client/client.ts'
import { PlatformError } from '../client/errors.ts'
import type { IssuedSecrets } from '../client/issued-secrets.ts'
import { type AgentCard, register } from '../client/registry.ts'
import type { Config, Target } from '../settings/config.ts'
import type { Standing } from './standing.ts'
import type { Workload } from './workload.ts'

export interface PresenceOptions {
  readonly client: PlatformClient
  readonly target: Target
  readonly config: Config
  readonly card: AgentCard
  /** Position among the workspaces, for the stagger of the heartbeats. */
  readonly index: number
  readonly standing: Standing
  readonly workload: Workload
  readonly signal: AbortSignal
  readonly onError: (sentence: string) => void
  /** The platform issued secrets; they are to be kept and not shown. */
  readonly onIssued: (secrets: IssuedSecrets) => void
  /** A sentence on this workspace. */
  readonly say: (text: string) => void
  /** A whole line. */
  readonly log: (line: string) => void
  readonly now: () => number
  readonly fetchImpl?: typeof fetch | undefined
}

export interface PresenceReport {
  readonly registered: boolean
  /** Milliseconds since the epoch; undefined before the first time. */
  readonly lastBeatAt: number | undefined
  /** When the first heartbeat is to come; undefined while none is, or heartbeats are off. */
  readonly firstBeatAt: number | undefined
}

/** Two workspaces never beat in the same moment. */
const STAGGER_MS = 500

export class Presence {
  readonly #o: PresenceOptions
  #heartbeat: AbortController | undefined
  #report: PresenceReport = { registered: false, lastBeatAt: undefined, firstBeatAt: undefined }

  constructor(options: PresenceOptions) {
    this.#o = options
    options.signal.addEventListener('abort', () => this.end(), { once: true })
  }

  get report(): PresenceReport {
    return this.#report
  }

  /** Registers, however often that takes, and beats from then on. No error leaves it. */
  async begin(): Promise<void> {
    const { client, card, config, standing, signal, onError, onIssued, say, now } = this.#o
    const since = now()
    for (let failures = 0; config.autoRegister && !signal.aborted; failures++) {
      try {
        // Registering an unknown id would create a ghost workspace, and a removed one would seem to come back.
        if (!(await standing.exists())) {
          say(`is not registered: ${standing.dead}`)
          return
        }
        const { deliveryMode, secrets } = await register(client, card, signal)
        onIssued(secrets)
        if (deliveryMode !== 'poll') {
          say(
            `was registered with delivery mode ${deliveryMode ?? 'unknown'} instead of poll: messages may not arrive`,
          )
        }
        break
      } catch (error) {
        if (signal.aborted) return
        onError(describeError(error))
        if (failures % 10 === 0) say(`cannot register (attempt ${failures + 1}): ${describeError(error)}`)
        const verdict = await standing.judge(error)
        // A feed that can be read again starts this anew.
        if (verdict === 'dead') return
        await sleep(failureDelay(error, verdict, failures, now() - since), signal)
      }
    }
    if (signal.aborted) return
    say(`is a member of ${client.endpoint.platformUrl}`)
    this.#beat()
  }

  /** Ends the heartbeats. */
  end(): void {
    this.#heartbeat?.abort()
  }

  #beat(): void {
    const { target, config, index, workload, log, now, fetchImpl } = this.#o
    const { heartbeatIntervalMs: intervalMs } = config
    this.#heartbeat?.abort()
    const controller = new AbortController()
    this.#heartbeat = controller
    const staggerMs = index * STAGGER_MS
    const firstBeatAt = intervalMs > 0 ? now() + staggerMs + intervalMs : undefined
    this.#report = { ...this.#report, registered: true, firstBeatAt }
    startHeartbeatLoop({
      target,
      intervalMs,
      staggerMs,
      metrics: () => workload.take(),
      token: () => target.token,
      onResult: (result) => this.#noteBeat(result),
      log,
      signal: controller.signal,
      ...(fetchImpl === undefined ? {} : { fetchImpl }),
    })
  }

  async #noteBeat(result: BeatResult): Promise<void> {
    if (result.kind === 'ok') {
      this.#report = { ...this.#report, lastBeatAt: this.#o.now() }
      this.#o.onIssued(result.secrets)
    } else if (result.kind === 'refused') {
      await this.#o.standing.judge(new PlatformError('gone', result.detail, { status: 401 }))
    }
  }
}
