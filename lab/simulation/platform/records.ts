/** What a workspace's plugin told the platform, for the judge. */

/** Something a process asked for, and the platform carried out. */
export interface Deed {
  /** Milliseconds since the epoch when the request left the process. */
  readonly sentAt: number
  /** Milliseconds since the epoch when it was carried out. */
  readonly at: number
  /** The number of the process that asked. */
  readonly process: number
}

export interface Lookup extends Deed {
  readonly found: Existence
}

/** As the open lookup tells it. */
export type Existence = 'present' | 'removed' | 'absent'

export interface Heartbeat extends Deed {
  /** False when the token was refused. */
  readonly accepted: boolean
  readonly state: HeartbeatState
}

export interface HeartbeatState {
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
  /** How often it came under the same id. Only the first one counts. */
  copies: number
}

export class Records {
  readonly lookups: Lookup[] = []
  readonly registrations: Deed[] = []
  readonly heartbeats: Heartbeat[] = []
  readonly acknowledgements: Acknowledgement[] = []
  readonly messages: SentMessage[] = []
  readonly notices: Notice[] = []
  /** Pages of the feed that were read. */
  reads = 0

  /** The highest row number that was acknowledged; 0 before the first. */
  ackedSeq = 0
}
