/**
 * The receiving side of one configuration: a membership for each workspace, and the one line on which their messages
 * go to the host. A changed configuration gets a reception of its own.
 */

import { describeError } from '../../base/errors.ts'
import type { IssuedSecrets } from '../../member/client/issued-secrets.ts'
import { FileStore } from '../../member/files/file-store.ts'
import { IncomingFiles } from '../../member/files/incoming-files.ts'
import { ClaimFile } from '../../member/folder/claim.ts'
import { type Holder, removePidFile, writePidFile } from '../../member/folder/holder-record.ts'
import { type IssuedEntry, readIssued, storeIssued } from '../../member/folder/issued-secrets.ts'
import { LockFile, lockPaths } from '../../member/folder/lock.ts'
import type { Log } from '../../member/folder/log.ts'
import type { StatePaths } from '../../member/folder/state-folder.ts'
import type { Ledger, Recovery } from '../../member/ledger/ledger.ts'
import type { Config, Target } from '../../member/settings/config.ts'
import { type ClaimResult, Membership } from '../../member/workspace/membership.ts'
import { DeliveryLine, type DeliveryOptions } from '../host/event/delivery.ts'

export interface ReceptionOptions {
  readonly config: Config
  readonly paths: StatePaths
  readonly ledger: Ledger
  readonly holder: Holder
  /** Names this session among others, where its pid alone may not. */
  readonly session: string
  /** Of the plugin, for the agent card. */
  readonly version: string
  /** Writes one line to the host; resolves when its bytes have left the process. */
  readonly write: (line: string) => Promise<void>
  readonly log: Log
  /** As {@link DeliveryOptions.intercept}. */
  readonly intercept: DeliveryOptions['intercept']
}

const MEGABYTE = 1024 * 1024
/** Of all files together that came with messages; more only where that holds fewer than twenty of the largest. */
const INBOX_MB = 500
/** Within this a claim of another session is seen. */
const CLAIM_INTERVAL_MS = 1_000

export class Reception {
  readonly #o: ReceptionOptions
  readonly #running = new AbortController()
  readonly #delivery: DeliveryLine
  readonly memberships: readonly Membership[]
  /** What is on disk of each workspace that is held, to be removed by who wrote it. */
  readonly #records = new Map<string, Holder>()
  #claimTimer: ReturnType<typeof setInterval> | undefined

  constructor(options: ReceptionOptions) {
    const { config, paths, ledger, write, log, intercept } = options
    const { signal } = this.#running
    const inboxMb = Math.max(INBOX_MB, config.attachmentMaxMb * 20)
    this.#o = options
    this.#delivery = new DeliveryLine({
      ledger,
      write,
      held: () => this.held(),
      onSent: (workspaceId) => this.#find(workspaceId)?.sent(),
      files: new IncomingFiles({
        store: new FileStore(paths.receivedFiles, config.attachmentMaxMb * MEGABYTE, inboxMb * MEGABYTE),
        client: (workspaceId) => this.#find(workspaceId)?.client,
        signal,
        log: log.info,
      }),
      intercept,
      signal,
      log: log.error,
    })
    this.memberships = config.targets.map((target, index) => this.#join(target, index))
  }

  /** Begins to wait for the locks, and to deliver. */
  start(): void {
    void this.#delivery.run()
    for (const membership of this.memberships) {
      membership.run().catch((error: unknown) => {
        const { workspaceId } = membership.client.endpoint
        this.#o.log.error(`workspace ${workspaceId} stopped: ${describeError(error)}`)
      })
    }
    this.#claimTimer = setInterval(() => {
      for (const membership of this.memberships) membership.heedClaim()
    }, CLAIM_INTERVAL_MS)
  }

  get ledger(): Ledger {
    return this.#o.ledger
  }

  /** The workspaces that this session holds now. */
  held(): readonly string[] {
    return this.memberships.flatMap(({ held, client }) => (held ? [client.endpoint.workspaceId] : []))
  }

  /** Has this session hold a workspace that another one may hold. */
  async claim(workspaceId: string, signal: AbortSignal): Promise<ClaimResult> {
    return (await this.#find(workspaceId)?.claim(signal)) ?? { held: false, because: 'it is not one of ours' }
  }

  /** Ends everything at once and gives the locks back. */
  stop(): void {
    clearInterval(this.#claimTimer)
    this.#running.abort()
    for (const workspaceId of this.#records.keys()) this.#removeRecord(workspaceId)
    removePidFile(this.#o.paths.pidFile, this.#o.holder)
  }

  #join(target: Target, index: number): Membership {
    const { config, paths, ledger, holder, session, version, log } = this.#o
    const { workspaceId } = target
    const { lock, claim } = lockPaths(paths.locks, workspaceId)
    // What an earlier session was given is still a secret.
    this.#hide(workspaceId, readIssued(paths.secrets, workspaceId))
    return new Membership({
      target,
      config,
      card: { name: config.agentName, description: config.agentDescription, version },
      index,
      ledger,
      lock: new LockFile(lock),
      claims: new ClaimFile(claim),
      claimant: { session, pid: holder.pid, project: holder.project },
      signal: this.#running.signal,
      onHeld: (recovery) => this.#noteHeld(workspaceId, recovery),
      onGivenBack: () => this.#removeRecord(workspaceId),
      onStored: () => this.#delivery.notify(),
      onIssued: (secrets) => this.#keepIssued(workspaceId, secrets),
      log: log.info,
    })
  }

  #noteHeld(workspaceId: string, { givenUp, presumed }: Recovery): void {
    const { holder, paths, log } = this.#o
    log.info(`workspace ${workspaceId} is received by this session`)
    const record = { ...holder, startedAt: Date.now() }
    this.#records.set(workspaceId, record)
    writePidFile(lockPaths(paths.locks, workspaceId).holder, record)
    writePidFile(paths.pidFile, holder)
    this.#delivery.announceUnconfirmed(workspaceId, givenUp + presumed)
    this.#delivery.notify()
  }

  #removeRecord(workspaceId: string): void {
    const record = this.#records.get(workspaceId)
    if (record === undefined) return
    this.#records.delete(workspaceId)
    removePidFile(lockPaths(this.#o.paths.locks, workspaceId).holder, record)
    if (this.#records.size === 0) removePidFile(this.#o.paths.pidFile, this.#o.holder)
  }

  #find(workspaceId: string): Membership | undefined {
    return this.memberships.find(({ client }) => client.endpoint.workspaceId === workspaceId)
  }

  #keepIssued(workspaceId: string, secrets: IssuedSecrets): void {
    const { log, paths } = this.#o
    if (Object.keys(secrets).length === 0) return
    this.#hide(workspaceId, secrets)
    try {
      storeIssued(paths.secrets, workspaceId, secrets)
    } catch (error) {
      log.warn(`cannot keep what the platform issued: ${describeError(error)}`)
    }
  }

  #hide(workspaceId: string, secrets: IssuedEntry): void {
    const texts = Object.values(secrets).filter((secret) => secret !== undefined)
    this.#o.log.addIssued(workspaceId, texts)
  }
}
