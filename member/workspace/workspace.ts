/** One workspace of ours, passed to everything that serves it. Built only in `memberships.ts`. */
import type { EventEmitter } from 'node:events'
import type { Clock } from '../../base/clock.ts'
import type { PlatformClient } from '../client/client.ts'
import type { Recovery } from '../ledger/ledger.ts'
import type { WorkspaceLedger } from '../ledger/workspace-ledger.ts'
import type { Config } from '../settings/config.ts'

/** What works on the messages of a workspace, as its heartbeats describe it. */
export interface Runtime {
  readonly capabilities: Readonly<Record<string, boolean>>
  /** A positive whole number; undefined where there is no such limit. */
  readonly idleTimeoutSeconds?: number | undefined
  /** Why it does nothing until somebody repairs it. */
  readonly wedged?: string | undefined
}

interface WorkspaceEvents {
  /** This process has taken the lock; what an earlier session left behind is still to be recovered. */
  readonly locked: []
  /** An earlier holder's messages were taken over; from here on messages can be delivered. */
  readonly held: [Recovery]
  /** Another session may hold the workspace from here on. */
  readonly givenBack: []
  /** Messages were stored that wait for delivery. */
  readonly stored: []
  /** Messages have left the process. */
  readonly sent: []
  /** What works on its messages has dealt with one, or could not: then why. */
  readonly handled: [string | undefined]
}

export interface Workspace {
  /** UUID in lower case. */
  readonly id: string
  readonly config: Config
  /** Calls its platform with its token. */
  readonly client: PlatformClient
  /** Its part of the ledger. */
  readonly ledger: WorkspaceLedger
  readonly clock: Clock
  readonly network: typeof fetch
  /** Logs a sentence about this workspace that begins with a verb: "is registered". */
  readonly log: (sentence: string) => void
  /** As {@link log}, for what a user must know. */
  readonly warn: (sentence: string) => void
  /** As {@link log}, for whoever wants to follow each message. */
  readonly debug: (sentence: string) => void
  readonly runtime: () => Runtime
  /** Aborts when everything that was given this value must stop. */
  readonly signal: AbortSignal
  readonly events: EventEmitter<WorkspaceEvents>
}
