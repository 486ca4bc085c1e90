/** The rows written to the ledger and read from it. */
import type { InquiryNotice } from './inquiries.ts'

export const MESSAGE_STATES = [
  'received',
  'held',
  'sending',
  'sent',
  'presumed',
  'confirmed',
  'answered',
  'skipped',
] as const
export type MessageState = (typeof MESSAGE_STATES)[number]

/** Which of our tasks a row claims to belong to. */
export interface TaskMark {
  readonly id: string
  /** Claimed by the peer that answers, or by the platform that carried the task out. */
  readonly by: 'peer' | 'platform'
  readonly failed: boolean
}

/** A row that takes back a task given to us. */
export interface Cancellation {
  /** Null when it names none. */
  readonly taskId: string | null
  /** Also a task that somebody other than the row's sender gave. */
  readonly ofAnyone: boolean
  /** The content of the row, once it is known which messages it ends. */
  readonly tell: (ended: EndedMessages) => string
}

/** The messages that a cancel ended, by their activity ids. */
export interface EndedMessages {
  readonly shown: readonly string[]
  readonly unseen: readonly string[]
}

/** One row of the feed as stored in the ledger. */
export interface Entry {
  readonly activityId: string
  readonly seq: number | null
  readonly createdAt: string
  /** In lower case. */
  readonly peerId: string | null
  /** Whom the platform does not tell apart from its sender, who is no peer. Null: it knows the sender, or is the sender. */
  readonly crowd?: string | null
  /** The task it answers, as far as the row tells. */
  readonly task: TaskMark | null
  /** It answers no task, even if it names one: it is a question, or an answer to something else. */
  readonly answersNothing?: boolean
  /** The id of the task that it gives us, if it gives one. */
  readonly given?: string | null
  readonly cancels?: Cancellation
  /** It announces what was said about an inquiry. */
  readonly notice?: InquiryNotice | undefined
  /** The file that it reports as uploaded; it waits for a message that names the file. */
  readonly upload?: string
  /** Files uploaded to the workspace that it names. */
  readonly names?: readonly string[]
  /** The message as JSON, opaque to the ledger. */
  readonly content: string
  /** The platform holds it for received, though this ledger has not seen it. */
  readonly mayHaveBeenShown?: boolean
  /** Set when the row is not for the model. */
  readonly skipped: string | null
}

export interface Cursor {
  /** The last row read; null while the feed has been empty since it was first read. */
  readonly activityId: string | null
  readonly createdAt: string
  readonly floor: string
  /** The highest number of a row that existed at the first start; null where rows have none, or it is not known. */
  readonly floorSeq: number | null
  /** When the feed was last read successfully, in milliseconds since the epoch. */
  readonly checkedAt: number
}

export interface StoredMessage {
  readonly ord: number
  readonly workspaceId: string
  readonly activityId: string
  readonly createdAt: string
  readonly peerId: string | null
  readonly content: string
  readonly state: MessageState
  /** The number of earlier attempts to write it; more than 0 means that it may have been seen. */
  readonly attempts: number
  /** The task of ours it answers. */
  readonly delegationId: string | null
}

/** The columns of a {@link StoredMessage}. */
export const COLUMNS =
  'ord, workspace_id AS workspaceId, activity_id AS activityId, created_at AS createdAt, peer_id AS peerId, content, state, attempts, delegation_id AS delegationId'
