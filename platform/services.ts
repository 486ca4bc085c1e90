/** The parts of the running platform, as its handlers see them. */
import type { Background } from './base/background.ts'
import type { ContractRules } from './contract/versions.ts'
import type { Authentication } from './http/authentication.ts'
import type { Metrics } from './http/metrics.ts'
import type { OpenStreams } from './http/open-streams.ts'
import type { ActivityLog } from './store/activity.ts'
import type { StoreContext } from './store/context.ts'
import type { DatabaseFile } from './store/database-file.ts'
import type { Delegations } from './store/delegations.ts'
import type { Memories } from './store/memories.ts'
import type { A2aQueue } from './store/queue.ts'
import type { Receipts } from './store/receipts.ts'
import type { Requests } from './store/requests.ts'
import type { Tokens } from './store/tokens.ts'
import type { UploadParts } from './store/upload-parts.ts'
import type { Uploads } from './store/uploads.ts'
import type { Workspaces } from './store/workspaces.ts'
import type { InviteCodes } from './work/invite-codes.ts'
import type { PushSettings } from './work/push.ts'
import type { SentMessages } from './work/sent-messages.ts'
import type { Staging } from './work/staging.ts'

export interface Services extends StoreContext {
  /** The rules of the contract in force, which may change while the platform runs. */
  readonly rules: () => ContractRules
  readonly background: Background
  readonly file: DatabaseFile
  readonly activity: ActivityLog
  readonly tokens: Tokens
  readonly workspaces: Workspaces
  readonly queue: A2aQueue
  readonly delegations: Delegations
  readonly memories: Memories
  readonly requests: Requests
  readonly receipts: Receipts
  readonly uploads: Uploads
  readonly parts: UploadParts
  readonly staging: Staging
  readonly pushSettings: () => PushSettings
  readonly sentMessages: SentMessages
  readonly authentication: Authentication
  readonly metrics: Metrics
  readonly streams: OpenStreams
  readonly inviteCodes: InviteCodes
}
