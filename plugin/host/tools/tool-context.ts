/** The rest of the program as a tool sees it. */
import type { Clock } from '../../../base/clock.ts'
import type { SecretSearch } from '../../../base/secret-search.ts'
import type { Finding } from '../../../member/check/check.ts'
import type { PlatformClient } from '../../../member/client/client.ts'
import type { IncomingFiles } from '../../../member/files/incoming-files.ts'
import type { OutgoingRules } from '../../../member/files/outgoing-files.ts'
import type { Ledger } from '../../../member/ledger/ledger.ts'
import type { AllowedSenders } from '../../../member/settings/single-settings.ts'
import type { ClaimResult } from '../../../member/workspace/membership.ts'
import type { Taken } from '../doorbell/reading-desk.ts'
import type { BellReceipt, Receipt } from '../hearing/receipt.ts'
import type { ListedMessages } from './listed-messages.ts'
import type { PeerExchanges } from './peer-exchanges.ts'
import type { SetUp } from './set-up.ts'

/** What became of the claim of one workspace. */
export type Claimed = ClaimResult & { readonly workspaceId: string }

/**
 * - `here`: as a channel event in this session.
 * - `elsewhere`: as a channel event in another session, which receives.
 * - `inbox`: in the `inbox` tool alone, since no session receives.
 */
export type Arrival = 'here' | 'elsewhere' | 'inbox'

export interface ToolContext {
  readonly clock: Clock
  /** Sentences that say why nothing can be sent; empty when the plugin is configured. */
  readonly problems: () => readonly string[]
  /** The workspaces this session acts as. */
  readonly workspaceIds: () => readonly string[]
  /** Undefined for a workspace that is not one of ours. */
  readonly client: (workspaceId: string) => PlatformClient | undefined
  /** What to wait for before {@link ledger} is asked: it is just being opened. Undefined: nothing. Never rejects. */
  readonly opening: () => Promise<void> | undefined
  /** Undefined while the state folder cannot be used; sending works without it. */
  readonly ledger: () => Ledger | undefined
  /** The messages whose peers may answer in the same request. */
  readonly exchanges: PeerExchanges
  /** A message was stored that waits for delivery. */
  readonly onStored: () => void
  /** Who may write to this session; undefined: everyone the platform lets through. */
  readonly allowedSenders: () => AllowedSenders
  /**
   * The host submitted a prompt to the model: one of our messages, which proves that the model saw it; a bell; or another
   * text (undefined). Returns at once and never throws.
   *
   * @param mode the permission mode of the session, if the hook says it.
   * @param isTyped the person may have typed it. Default: yes.
   * @returns what the person and the model should know besides, if anything.
   */
  readonly submitted: (
    receipt: Receipt | BellReceipt | undefined,
    mode?: string,
    isTyped?: boolean,
  ) => string | undefined
  /** The host's turn ended, so it is not busy. Returns at once and never throws. */
  readonly turnEnded: () => void
  /** The model called a tool. Returns at once and never throws. */
  readonly toolCalled: () => void
  /**
   * Makes this session the one that receives for a workspace, or for all of them, at its person's word. Takes up to ten
   * seconds.
   *
   * @param acceptsBypass the person knows what that means in a session that asks for no permissions.
   * @returns what became of each.
   * @throws ToolFailure when it cannot be tried.
   */
  readonly claim: (
    workspaceId: string | undefined,
    signal: AbortSignal,
    acceptsBypass?: boolean,
  ) => Promise<readonly Claimed[]>
  /** This session receives no more, at its person's word. */
  readonly release: () => void
  /** This session is told by bells that messages wait, and reads them. */
  readonly isRung: () => boolean
  /**
   * Takes the next messages that wait to be read.
   *
   * @returns undefined when there are none.
   * @throws ToolFailure when none are read in this session.
   */
  readonly read: (signal: AbortSignal) => Promise<Taken | undefined>
  /** How many messages wait to be read in this session. */
  readonly unread: () => number
  /** Reads into the ledger what waits on the platform, if no session receives. Soon over, and never rejects. */
  readonly update: (signal: AbortSignal) => Promise<void>
  /** Changes the settings, at the word of the person. */
  readonly setUp: SetUp
  /** What `inbox` has listed in this session. */
  readonly listed: ListedMessages
  /** How the answer to a task, or any other message, will reach the model of this session. */
  readonly arrival: () => Arrival
  /** Puts the files of a message on disk. Undefined while the state folder or the configuration cannot be used. */
  readonly files: () => Pick<IncomingFiles, 'prepare'> | undefined
  /** Finds the secrets of this session in what is to be sent. */
  readonly ownSecrets: () => SecretSearch
  /** Which files may be sent. */
  readonly outgoing: () => OutgoingRules
  /** Looks at the state folder, the platforms and the tokens. Takes up to two seconds, and never rejects. */
  readonly check: (signal: AbortSignal) => Promise<readonly Finding[]>
  /** One screen of text, with what was just found. */
  readonly statusReport: (findings: readonly Finding[]) => string
  /** A note for the end of every result while this session does not receive all messages. */
  readonly remark: () => string | undefined
}
