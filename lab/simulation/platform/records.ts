/** What the plugin sent to the platform for one workspace, recorded for the checks. */

import { z } from 'zod'
import type { SimRequest } from './request.ts'

const attemptSchema = z.object({ id: z.string() })

/** A request that the platform processed. */
export interface Deed {
  /** When the request left the process, in milliseconds since the epoch. */
  readonly sentAt: number
  /** When the platform processed it, in milliseconds since the epoch. */
  readonly at: number
  /** Number of the process that sent it. */
  readonly process: number
}

export interface Lookup extends Deed {
  readonly found: Existence
}

/** What the open lookup returns for a workspace. */
export type Existence = 'present' | 'removed' | 'absent'

export interface Heartbeat extends Deed {
  /** False when the platform refused the token. */
  readonly accepted: boolean
  readonly state: HeartbeatState
}

interface HeartbeatState {
  readonly error_rate: number
  readonly sample_error: string
  readonly active_tasks: number
  readonly current_task: string
  readonly uptime_seconds: number
}

export interface Acknowledgement extends Deed {
  readonly seq: number
}

export interface Notice extends Deed {
  readonly text: string
}

export interface SentMessage extends Deed {
  readonly messageId: string
  readonly peerId: string
  readonly text: string
  readonly delegationId: string | null
  /** How often it arrived under the same id; only the first one was delivered. */
  copies: number
  /** Its peer answered in the response. */
  isAnswered: boolean
}

export class Records {
  readonly lookups: Lookup[] = []
  readonly registrations: Deed[] = []
  readonly heartbeats: Heartbeat[] = []
  readonly acknowledgements: Acknowledgement[] = []
  readonly messages: SentMessage[] = []
  /** Ids of the messages that left a process, whether or not they arrived. */
  readonly attempted = new Set<string>()
  readonly notices: Notice[] = []
  /** What was last said of a row: that the model has seen or answered it. */
  readonly receipts = new Map<string, 'seen' | 'answered'>()
  /** Pages of the feed that the platform returned. */
  reads = 0

  /** Processes that asked to acknowledge rows, whether or not the request arrived. */
  readonly acknowledging = new Set<number>()
  /** The highest row number that was acknowledged; 0 before the first. */
  ackedSeq = 0

  /** Zero asks how far others have acknowledged. Returns how far that is. */
  acknowledge(deed: Deed, seq: number): number {
    if (seq > 0) this.acknowledgements.push({ ...deed, seq })
    this.ackedSeq = Math.max(this.ackedSeq, seq)
    return this.ackedSeq
  }

  /** A message leaves a process. */
  attempt(request: SimRequest): void {
    const { id } = attemptSchema.safeParse(request.json()).data ?? {}
    if (id !== undefined) this.attempted.add(id)
  }
}
