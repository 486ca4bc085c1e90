/** What a simulated workspace is given when it is founded. */
import type { Dice } from '../../dice.ts'
import type { SimClock } from '../sim-clock.ts'
import type { SentMessage } from './records.ts'

export interface SimPeer {
  readonly id: string
  readonly name: string
}

export interface WorkspaceOptions {
  /** An older platform: the cursor compares only timestamps, rows have no number, and nothing is acknowledged. */
  readonly timestampCursor?: boolean
  /** A platform that does not know `before_ts`. */
  readonly ignoresBeforeTs?: boolean
  /** Creates the ids of the feed's rows. */
  readonly nextId: () => string
  /** No workspace with this id exists or ever did. */
  readonly absent?: boolean
  /** Whether the platform has event streams. Default: true. */
  readonly hasEvents?: boolean
  /** Secret that each registration and heartbeat hands out. Default: none. */
  readonly inboundSecret?: string
  /** Simulated peers it may send to, besides the workspaces of the platform. */
  readonly peers?: readonly SimPeer[]
}

/** What a workspace needs of its platform. */
export interface PlatformContext {
  readonly clock: SimClock
  readonly dice: Dice
  readonly calmAt: number
  readonly isPeer: (id: string) => boolean
  readonly onSent: (message: SentMessage) => void
  readonly onFault: (sentence: string) => void
}
