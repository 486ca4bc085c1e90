/**
 * The receiving side of one configuration: a membership for each workspace, and the one line on which their messages
 * go to the host. A changed configuration gets a reception of its own.
 */
import { join } from 'node:path'
import { DeliveryLine, type DeliveryOptions } from './channel/delivery.ts'
import { IncomingFiles } from './channel/incoming-files.ts'
import type { Config, Target } from './config.ts'
import { Membership } from './membership/membership.ts'
import { describeError } from './platform/errors.ts'
import type { IssuedSecrets } from './platform/registry.ts'
import { Attachments } from './state/attachments.ts'
import { type IssuedEntry, readIssued, storeIssued } from './state/issued-secrets.ts'
import type { Ledger } from './state/ledger.ts'
import { type Holder, LockFile, removePidFile, writePidFile } from './state/lock.ts'
import type { Log } from './state/log.ts'
import type { StatePaths } from './state/state-folder.ts'

export interface ReceptionOptions {
  readonly config: Config
  readonly paths: StatePaths
  readonly ledger: Ledger
  readonly holder: Holder
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

export class Reception {
  readonly #o: ReceptionOptions
  readonly #running = new AbortController()
  readonly #delivery: DeliveryLine
  readonly memberships: readonly Membership[]

  constructor(options: ReceptionOptions) {
    const { config, paths, ledger, write, log, intercept } = options
    const { signal } = this.#running
    const inboxMb = Math.max(INBOX_MB, config.attachmentMaxMb * 20)
    this.#o = options
    this.#delivery = new DeliveryLine({
      ledger,
      write,
      held: () => this.memberships.flatMap(({ held, client }) => (held ? [client.endpoint.workspaceId] : [])),
      onSent: (workspaceId) => this.#find(workspaceId)?.sent(),
      files: new IncomingFiles({
        store: new Attachments(paths.inbox, config.attachmentMaxMb * MEGABYTE, inboxMb * MEGABYTE),
        client: (workspaceId) => this.#find(workspaceId)?.client,
        signal,
        log: (line) => log.info(`molecule channel: ${line}`),
      }),
      intercept,
      signal,
      log: (line) => log.error(`molecule channel: ${line}`),
    })
    this.memberships = config.targets.map((target, index) => this.#join(target, index))
  }

  /** Begins to wait for the locks, and to deliver. */
  start(): void {
    void this.#delivery.run()
    for (const membership of this.memberships) {
      membership.run().catch((error: unknown) => {
        const { workspaceId } = membership.client.endpoint
        this.#o.log.error(`molecule channel: workspace ${workspaceId} stopped: ${describeError(error)}`)
      })
    }
  }

  /** Ends everything at once and gives the locks back. */
  stop(): void {
    this.#running.abort()
    removePidFile(this.#o.paths.pidFile, this.#o.holder)
  }

  #join(target: Target, index: number): Membership {
    const { config, paths, ledger, holder, version, log } = this.#o
    // What an earlier session was given is still a secret.
    this.#hide(target.workspaceId, readIssued(paths.secrets, target.workspaceId))
    return new Membership({
      target,
      config,
      card: { name: config.agentName, description: config.agentDescription, version },
      index,
      ledger,
      lock: new LockFile(join(paths.locks, `${target.workspaceId}.lock`)),
      signal: this.#running.signal,
      onHeld: () => {
        writePidFile(paths.pidFile, holder)
        this.#delivery.notify()
      },
      onStored: () => this.#delivery.notify(),
      onIssued: (secrets) => this.#keepIssued(target.workspaceId, secrets),
      log: log.info,
    })
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
      log.warn(`molecule channel: cannot keep what the platform issued: ${describeError(error)}`)
    }
  }

  #hide(workspaceId: string, secrets: IssuedEntry): void {
    const texts = Object.values(secrets).filter((secret) => secret !== undefined)
    this.#o.log.addIssued(workspaceId, texts)
  }
}
