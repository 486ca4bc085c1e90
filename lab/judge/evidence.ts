/** The evidence of a run, as plain data: what the platform has, and what sessions wrote and hosts read. */

/** Identifies one message: activity ids are unique within a workspace. */
export interface MessageId {
  readonly workspaceId: string
  readonly activityId: string
}

/** A message on the platform. */
export interface Message extends MessageId {
  /** Its unique name in fault reports. */
  readonly name: string
  /** Whether it must be shown, may be shown, or must never be. */
  readonly duty: 'required' | 'allowed' | 'forbidden'
  /** False for a message that the platform itself shows out of order. */
  readonly ordered: boolean
}

/** One event that a session wrote to its host. */
export interface Showing extends MessageId {
  /** Sequence number over the writes of all sessions, in the order they began. */
  readonly order: number
  readonly session: number
  /** Whether it carried `redelivered="true"`. */
  readonly redelivered: boolean
  /** The message identified by its content, if the run can tell. */
  readonly name?: string
}

/** The ledger recorded the host's receipt for a message. */
export interface Receipt extends MessageId {
  /** How many writes had begun by then. */
  readonly order: number
}

/** What the ledger knows about the delivery of a message. */
export interface DeliveryRecord {
  readonly state: string
  readonly attempts: number
  /** How many of the attempts reached nobody, as far as the plugin knows. Default: none. */
  readonly unseen?: number
}

/** A power cut rolled the ledger back to an earlier record of a message. */
export interface Erasure extends MessageId {
  /** How many writes had begun by then. */
  readonly order: number
  readonly before: DeliveryRecord
  /** Undefined when nothing is left. */
  readonly after: DeliveryRecord | undefined
}

export interface Evidence {
  /** In the platform's order, at least within each workspace. */
  readonly messages: readonly Message[]
  /** Names of the messages that the platform confirmed to their senders. */
  readonly accepted?: Iterable<string>
  /** Every event that a session began to write, in that order. */
  readonly written: readonly Showing[]
  /** Those that a host read; by default all. */
  readonly read?: readonly Showing[]
  readonly receipts?: readonly Receipt[]
  readonly erasures?: readonly Erasure[]
  /** The ledger's record of a message at the end; asked only about messages that no host read. */
  readonly recordOf?: (message: Message) => DeliveryRecord | undefined
  /** How many messages of each workspace still wait at the end. */
  readonly waiting?: ReadonlyMap<string, number>
}

/** The lookup key of a message. */
export function idOf({ workspaceId, activityId }: MessageId): string {
  return `${workspaceId} ${activityId}`
}
