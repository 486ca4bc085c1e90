/** What a run leaves to judge, as plain data: what the platform has, and what sessions wrote and hosts read. */

/** Names one message: the platform numbers activities within a workspace. */
export interface MessageId {
  readonly workspaceId: string
  readonly activityId: string
}

/** A message on the platform. */
export interface Message extends MessageId {
  /** What faults call it. No two messages share a name. */
  readonly name: string
  /** Whether it must be shown, may be shown, or must never be. */
  readonly duty: 'required' | 'allowed' | 'forbidden'
  /** False for a message that the platform itself shows out of order. */
  readonly ordered: boolean
}

/** One event that a session wrote to its host. */
export interface Showing extends MessageId {
  /** Counts the writes of all sessions, in the order they began. */
  readonly order: number
  readonly session: number
  /** Whether it carried `redelivered="true"`. */
  readonly redelivered: boolean
  /** The message that its content names, where the run can tell. */
  readonly name?: string
}

/** The ledger recorded the host's receipt for a message. */
export interface Receipt extends MessageId {
  /** How many writes had begun by then. */
  readonly order: number
}

/** What the ledger knows about the showing of a message. */
export interface DeliveryRecord {
  readonly state: string
  readonly attempts: number
}

/** A power cut took the ledger back to an earlier record of a message. */
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

/** One string for a message, to look it up by. */
export function idOf({ workspaceId, activityId }: MessageId): string {
  return `${workspaceId} ${activityId}`
}
