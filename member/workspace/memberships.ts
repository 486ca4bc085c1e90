/** All our workspaces under one configuration: builds each, waits for its lock, and records which session holds it. */
import { EventEmitter } from 'node:events'
import type { Clock } from '../../base/clock.ts'
import { describeError } from '../../base/errors.ts'
import type { Disk } from '../../base/sqlite.ts'
import type { PlatformClient } from '../client/client.ts'
import type { IssuedSecrets } from '../client/issued-secrets.ts'
import type { Registration } from '../client/registry.ts'
import { ClaimFile } from '../folder/claim.ts'
import { type Holder, removePidFile, touchPidFile, writePidFile } from '../folder/holder-record.ts'
import { type HolderWatch, TOUCH_EVERY_MS } from '../folder/holder-watch.ts'
import { type IssuedEntry, readIssued, storeIssued } from '../folder/issued-secrets.ts'
import { LockFile, lockPaths } from '../folder/lock.ts'
import type { Log } from '../folder/log.ts'
import type { StatePaths } from '../folder/state-folder.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Config, Target } from '../settings/config.ts'
import { type ClaimResult, Membership } from './membership.ts'
import type { Runtime, Workspace } from './workspace.ts'

/** What a process passes to everything it runs. */
export interface Surroundings {
  readonly clock: Clock
  readonly network: typeof fetch
  readonly disk: Disk
  readonly log: Log
  readonly paths: StatePaths
  /** This process, as holder records name it. */
  readonly holder: Holder
  /** Identifies this process; a pid is not unique where containers share a folder. */
  readonly session: string
  /** Of this program, for the agent card. */
  readonly version: string
  readonly clientOf: (target: Target) => PlatformClient
  readonly holders: HolderWatch
  /** What works on the messages. Default: nothing that heartbeats describe. */
  readonly runtime?: (workspaceId: string) => Runtime
  /** Registrations just now, by workspace; each is taken out when it is known. */
  readonly registered?: Map<string, Registration>
}

const NO_RUNTIME: Runtime = { capabilities: {} }
/** A claim of another session is noticed within this time. */
const CLAIM_INTERVAL_MS = 1_000
/** A clock that is this far ahead of the timers shows that the machine was asleep; or it was set, which does no harm. */
const ASLEEP_MS = 10_000

export class Memberships {
  readonly all: readonly Membership[]
  readonly #surroundings: Surroundings
  /** The holder records on disk, one per held workspace; the session that wrote one removes it. */
  readonly #records = new Map<string, Holder>()
  #stopHeeding: (() => void) | undefined

  constructor(surroundings: Surroundings, config: Config, ledger: Ledger, signal: AbortSignal) {
    this.#surroundings = surroundings
    this.all = config.targets.map((target, index) =>
      this.#join(buildWorkspace(surroundings, config, ledger, target, signal), index),
    )
  }

  /** Begins to wait for the locks. */
  start(): void {
    const { clock, log } = this.#surroundings
    for (const membership of this.all) {
      membership.run().catch((error: unknown) => {
        const reason = `a fault in the plugin stopped it: ${describeError(error)}`
        log.error(`workspace ${membership.workspace.id} is given up: ${reason}`)
        membership.abandon(reason)
      })
    }
    let heededAt = clock.now()
    let sinceTouchMs = 0
    this.#stopHeeding = clock.every(CLAIM_INTERVAL_MS, () => {
      // Timers stand still while a machine sleeps, and its clock does not.
      const woke = clock.now() - heededAt > CLAIM_INTERVAL_MS + ASLEEP_MS
      heededAt = clock.now()
      sinceTouchMs += CLAIM_INTERVAL_MS
      const isDue = woke || sinceTouchMs >= TOUCH_EVERY_MS
      if (isDue) sinceTouchMs = 0
      for (const membership of this.all) {
        if (membership.heedClaim() || isDue) this.#touchRecord(membership.workspace.id)
        if (woke) membership.woke()
      }
    })
  }

  /** Removes the records. The locks are released when the signal aborts. */
  stop(): void {
    this.#stopHeeding?.()
    for (const workspaceId of this.#records.keys()) this.#removeRecord(workspaceId)
  }

  /** The workspaces that this session holds now. */
  held(): readonly string[] {
    return this.all.flatMap(({ held, workspace }) => (held ? [workspace.id] : []))
  }

  /** Those whose messages are safely on the disk. */
  deliverable(): readonly string[] {
    return this.all.filter(({ deliverable }) => deliverable).map(({ workspace }) => workspace.id)
  }

  find(workspaceId: string): Membership | undefined {
    return this.all.find(({ workspace }) => workspace.id === workspaceId)
  }

  /** Moves a workspace that another session may hold to this one. */
  async claim(workspaceId: string, signal: AbortSignal): Promise<ClaimResult> {
    const membership = this.find(workspaceId)
    return (await membership?.claim(signal)) ?? { held: false, because: 'it is not one of ours' }
  }

  #join(workspace: Workspace, index: number): Membership {
    const { paths, disk, holder, session, version, holders } = this.#surroundings
    const { id, config, events } = workspace
    const { lock, claim, holder: record } = lockPaths(paths.locks, id)
    // Secrets issued to an earlier session are still secret.
    this.#hide(id, readIssued(paths.secrets, id))
    // As soon as the lock is taken: a session that is stopped before it receives must be known, too.
    events.on('locked', () => this.#addRecord(workspace))
    events.on('held', () => workspace.log('is received here'))
    events.on('givenBack', () => this.#removeRecord(id))
    return new Membership(workspace, {
      card: { name: config.agentName, description: config.agentDescription, version },
      index,
      lock: new LockFile(lock, disk),
      claims: new ClaimFile(claim),
      claimant: { session, pid: holder.pid, project: holder.project },
      record,
      holders,
      takeRegistered: () => taken(this.#surroundings.registered, id),
      keepIssued: (secrets) => this.#keepIssued(id, secrets),
    })
  }

  #addRecord({ id, clock }: Workspace): void {
    const { paths, holder } = this.#surroundings
    const record = { ...holder, startedAt: clock.now() }
    this.#records.set(id, record)
    writePidFile(lockPaths(paths.locks, id).holder, record)
    writePidFile(paths.pidFile, holder)
  }

  #touchRecord(workspaceId: string): void {
    const { paths, clock } = this.#surroundings
    const record = this.#records.get(workspaceId)
    if (record !== undefined) touchPidFile(lockPaths(paths.locks, workspaceId).holder, record, clock.now())
  }

  #removeRecord(workspaceId: string): void {
    const { paths, holder } = this.#surroundings
    const record = this.#records.get(workspaceId)
    if (record === undefined) return
    this.#records.delete(workspaceId)
    removePidFile(lockPaths(paths.locks, workspaceId).holder, record)
    if (this.#records.size === 0) removePidFile(paths.pidFile, holder)
  }

  #keepIssued(workspaceId: string, secrets: IssuedSecrets): void {
    const { paths, log } = this.#surroundings
    if (Object.keys(secrets).length === 0) return
    this.#hide(workspaceId, secrets)
    try {
      storeIssued(paths.secrets, workspaceId, secrets)
    } catch (error) {
      log.warn(`cannot store the secrets the platform issued: ${describeError(error)}`)
    }
  }

  #hide(workspaceId: string, secrets: IssuedEntry): void {
    const texts = Object.values(secrets).filter((secret) => secret !== undefined)
    this.#surroundings.log.addIssued(workspaceId, texts)
  }
}

function taken<K, V>(from: Map<K, V> | undefined, key: K): V | undefined {
  const value = from?.get(key)
  from?.delete(key)
  return value
}

/** The one place where a {@link Workspace} is built. */
export function buildWorkspace(
  { clock, network, log, clientOf, runtime }: Surroundings,
  config: Config,
  ledger: Ledger,
  target: Target,
  signal: AbortSignal,
): Workspace {
  const { workspaceId: id } = target
  return {
    id,
    config,
    client: clientOf(target),
    ledger: ledger.of(id),
    clock,
    network,
    log: (sentence) => log.info(`workspace ${id} ${sentence}`),
    warn: (sentence) => log.warn(`workspace ${id} ${sentence}`),
    debug: (sentence) => log.debug(`workspace ${id} ${sentence}`),
    signal,
    runtime: () => runtime?.(id) ?? NO_RUNTIME,
    events: new EventEmitter(),
  }
}
