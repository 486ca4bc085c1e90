/** What answers the messages of a workspace that has no terminal. */
import type { ShownFile } from '../../member/files/incoming-files.ts'
import type { Runtime } from '../../member/workspace/workspace.ts'
import type { ChannelEvent } from '../../plugin/host/event/notification.ts'

/** One message, as a backend is given it. Only the fields say who wrote it; the text may claim anything. */
export interface Request {
  readonly workspaceId: string
  readonly activityId: string
  /** The same for every attempt at this message, and the id of the message that answers it. */
  readonly idempotencyKey: string
  readonly kind: string
  readonly peerId: string | null
  readonly peerName: string | null
  readonly peerRole: string | null
  readonly userName: string | null
  /** The platform verified who the person is. */
  readonly authenticated: boolean
  readonly contextId: string | null
  /** The task that the message gives. */
  readonly taskId: string | null
  readonly method: string
  readonly text: string
  readonly files: readonly ShownFile[]
  /** An earlier attempt may have dealt with it. */
  readonly redelivered: boolean
  /** The message as a session of Claude Code is shown it: cleaned, with its provenance apart. */
  readonly event: ChannelEvent
}

export interface Reply {
  readonly text: string
}

export interface Backend {
  readonly name: string
  readonly runtime: Pick<Runtime, 'capabilities' | 'idleTimeoutSeconds'>
  /**
   * Answers one message. Undefined: there is nothing to say.
   *
   * @throws BackendFailure, or the abort reason.
   */
  readonly answer: (request: Request, signal: AbortSignal) => Promise<Reply | undefined>
  /** Ends what still runs. May be called more than once. */
  readonly close: () => Promise<void>
}

export interface FailureDetails {
  /** Why nothing will be answered until somebody repairs it, in less than 80 characters. */
  readonly wedged?: string
  /** Another attempt would end in the same way, and cost as much. */
  readonly isFinal?: boolean
  readonly cause?: unknown
}

/** A message that a backend did not answer. */
export class BackendFailure extends Error {
  readonly wedged: string | undefined
  readonly isFinal: boolean

  /** @param message one sentence without a word of the message or of the answer. */
  constructor(message: string, { wedged, isFinal = false, cause }: FailureDetails = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'BackendFailure'
    this.wedged = wedged
    this.isFinal = isFinal
  }
}

/** A wrong option: what it is, its rule, and what to do. */
export class OptionError extends Error {}
