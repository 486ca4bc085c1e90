/** One workspace as a runner serves it: what answers its messages, how that goes, and what becomes of its own tasks. */
import { join } from 'node:path'
import { plainText } from '../base/plain-text.ts'
import type { Inbound } from '../member/client/inbound.ts'
import type { IncomingFiles } from '../member/files/incoming-files.ts'
import type { Ledger, StoredMessage } from '../member/ledger/ledger.ts'
import type { Membership } from '../member/workspace/membership.ts'
import type { Backend } from './backend/backend.ts'
import { recordResult, resultsFile } from './delegation-results.ts'
import { Health } from './health.ts'
import type { Service } from './report.ts'
import { Wakes } from './wakes.ts'
import { Worker } from './worker.ts'

export interface ServedWorkspaceOptions {
  readonly membership: Membership
  readonly ledger: Ledger
  readonly backend: Backend
  readonly files: Pick<IncomingFiles, 'prepare'>
  readonly sendsEmpty: boolean
  /** Aborts when no further message may be begun. */
  readonly closing: AbortSignal
  readonly stateFolder: string
}

export class ServedWorkspace {
  readonly membership: Membership
  readonly worker: Worker
  readonly health: Health
  readonly #backend: Backend
  readonly #wakes: Wakes
  readonly #stateFolder: string

  constructor(options: ServedWorkspaceOptions) {
    const { membership, ledger, backend, stateFolder } = options
    const { workspace } = membership
    const { id, clock, events, warn } = workspace
    this.membership = membership
    this.#backend = backend
    this.#stateFolder = stateFolder
    this.#wakes = new Wakes(join(stateFolder, `wakes-${id}.json`), clock, warn)
    this.health = new Health(backend.runtime, (error) => events.emit('handled', error))
    this.worker = new Worker({
      ...options,
      workspace,
      queue: ledger.workOf(id),
      health: this.health,
      isDeliverable: () => membership.deliverable,
      onResult: (stored, message) => this.#noteResult(stored, message),
      wakes: this.#wakes,
      resultsFile: resultsFile(stateFolder),
    })
    events.on('held', () => this.worker.notify())
    events.on('stored', () => this.worker.notify())
  }

  get service(): Service {
    const { counts, reason: wedged } = this.health
    return { backend: this.#backend.name, counts, wedged, current: this.worker.current }
  }

  /** The outcome of a task that this workspace gave. Returns what to tell the person. */
  #noteResult(stored: StoredMessage, message: Inbound): string | undefined {
    const { id, status, isFailure } = recordResult(this.#stateFolder, stored, message)
    this.#wakes.add({ id, status })
    if (!isFailure) return undefined
    const who = message.peerName ?? message.peerId ?? 'another workspace'
    return `The task ${plainText(id, 100)} for ${plainText(who, 100)} is ${status}.`
  }
}
