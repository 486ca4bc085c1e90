/**
 * What differs between the three generations of the platform's HTTP contract, as data. Handlers ask for a
 * rule by name, never for a version.
 */
import type { Status } from './statuses.ts'

export const CONTRACT_VERSIONS = ['v0', 'v1', 'v2'] as const

export type ContractVersion = (typeof CONTRACT_VERSIONS)[number]

export interface ContractRules {
  /** Poll delivery, `delivery_mode`, the inbound secret, and all that came with them. */
  readonly pollMode: boolean
  /** Activity pages take since_secs, since_id, before_ts, peer_id and include. */
  readonly activityFilters: boolean
  /** Rows carry `seq`. */
  readonly sequence: boolean
  /**
   * What a page after a cursor is ordered by. The hosted platform's newest generation compares (created_at, seq); this
   * one only seq, so that no row is skipped when the clock is set back.
   */
  readonly cursor: 'time' | 'time-and-sequence' | 'sequence'
  readonly activityAck: boolean
  /** Only instance tokens gate register; callers' tokens are a separate kind. */
  readonly tokenKinds: boolean
  readonly statusesLiftedByHeartbeat: readonly Status[]
  /** A register that fails after authentication degrades the workspace for five minutes. */
  readonly registerFailureMarker: boolean
  readonly registerKeepsParked: boolean
  /** Register refuses a bad URL before it looks at the token. */
  readonly judgesUrlFirst: boolean
  readonly heartbeatCarriesCard: boolean
  readonly staleAfterMs: number
  readonly provisionTimeoutMs: number
  readonly staleExternalStatus: Status
  /** GET of a removed workspace is answered with 410. */
  readonly removedIsGone: boolean
  /** The long form of GET /workspaces/:id. */
  readonly longWorkspaceForm: boolean
  /** A workspace created without a parent goes under the only root. */
  readonly nestsUnderOnlyRoot: boolean
  readonly deleteNeedsName: boolean
  readonly a2aCaller: 'header' | 'header-or-token' | 'token'
  readonly unrelatedRootsMayTalk: boolean
  readonly a2aBodyBytes: number
  readonly a2aOversize: 'truncate' | 'refuse'
  /** Defaults the role, wraps content, turns type into kind, adds canvas metadata. */
  readonly normalizesMessages: boolean
  readonly ingestSuffix: string
  readonly deduplicatesMessages: boolean
  /** The event stream announces each poll message twice. */
  readonly announcesTwice: boolean
  /** Events carry bodies and the message id. */
  readonly richEvents: boolean
  readonly talkToUserPolicy: boolean
  /** Tasks and approvals that wait for a person or an agent. */
  readonly requests: boolean
  /** A request may offer choices: our own addition, which the hosted platform ignores. */
  readonly requestChoices: boolean
  /** Agents say what their models saw, and rows and senders are told: our own addition. */
  readonly receipts: boolean
  /** The unit in which a notice's summary is cut. A cut in bytes that splits a character is never stored. */
  readonly noticeSummaryUnit: 'characters' | 'bytes'
  readonly publicInfo: boolean
  readonly uploadFileBytes: number
  readonly uploadRequestBytes: number
  readonly ackedUploadReadable: boolean
  /** The alphabet of the names of uploaded files. */
  readonly uploadNames: 'ascii' | 'any'
  readonly memoryFilters: boolean
  readonly retentionRespectsAck: boolean
  readonly loopbackPushUrls: boolean
  readonly pushIdleMs: number
  readonly pushResponseBytes: number
  /** The answer to a queued message is base64-encoded. */
  readonly queueBodyBase64: boolean
  readonly delegationLedger: boolean
  readonly drainsFreeCapacity: boolean
  /** The queue also drains without a heartbeat. */
  readonly sweepsQueue: boolean
}

const MIB = 1024 * 1024

const V2: ContractRules = {
  pollMode: true,
  activityFilters: true,
  sequence: true,
  cursor: 'sequence',
  activityAck: true,
  tokenKinds: true,
  statusesLiftedByHeartbeat: ['provisioning', 'offline', 'awaiting_agent', 'failed'],
  registerFailureMarker: true,
  registerKeepsParked: true,
  judgesUrlFirst: false,
  heartbeatCarriesCard: true,
  staleAfterMs: 180_000,
  provisionTimeoutMs: 720_000,
  staleExternalStatus: 'awaiting_agent',
  removedIsGone: true,
  longWorkspaceForm: true,
  nestsUnderOnlyRoot: true,
  deleteNeedsName: true,
  a2aCaller: 'token',
  unrelatedRootsMayTalk: false,
  a2aBodyBytes: 16 * MIB,
  a2aOversize: 'refuse',
  normalizesMessages: true,
  ingestSuffix: '(ingest)',
  deduplicatesMessages: true,
  announcesTwice: true,
  richEvents: true,
  talkToUserPolicy: true,
  requests: true,
  requestChoices: true,
  receipts: true,
  noticeSummaryUnit: 'characters',
  publicInfo: true,
  uploadFileBytes: 100 * MIB,
  uploadRequestBytes: 100 * MIB,
  ackedUploadReadable: true,
  uploadNames: 'ascii',
  memoryFilters: false,
  retentionRespectsAck: true,
  loopbackPushUrls: true,
  pushIdleMs: 1_800_000,
  pushResponseBytes: 64 * MIB,
  queueBodyBase64: false,
  delegationLedger: true,
  drainsFreeCapacity: true,
  sweepsQueue: true,
}

const V1: ContractRules = {
  ...V2,
  sequence: false,
  cursor: 'time',
  activityAck: false,
  tokenKinds: false,
  statusesLiftedByHeartbeat: ['provisioning', 'offline', 'awaiting_agent'],
  registerFailureMarker: false,
  registerKeepsParked: false,
  heartbeatCarriesCard: false,
  staleAfterMs: 90_000,
  provisionTimeoutMs: 600_000,
  longWorkspaceForm: false,
  nestsUnderOnlyRoot: false,
  deleteNeedsName: false,
  a2aCaller: 'header-or-token',
  unrelatedRootsMayTalk: true,
  a2aBodyBytes: MIB,
  a2aOversize: 'truncate',
  normalizesMessages: false,
  ingestSuffix: '(queued for poll)',
  deduplicatesMessages: false,
  announcesTwice: false,
  richEvents: false,
  talkToUserPolicy: false,
  requests: false,
  requestChoices: false,
  receipts: false,
  publicInfo: false,
  uploadFileBytes: 25 * MIB,
  uploadRequestBytes: 50 * MIB,
  ackedUploadReadable: false,
  memoryFilters: true,
  retentionRespectsAck: false,
  pushIdleMs: 300_000,
  pushResponseBytes: 10 * MIB,
  queueBodyBase64: true,
  delegationLedger: false,
  drainsFreeCapacity: false,
  sweepsQueue: false,
}

const V0: ContractRules = {
  ...V1,
  pollMode: false,
  judgesUrlFirst: true,
  activityFilters: false,
  statusesLiftedByHeartbeat: ['provisioning', 'offline'],
  staleExternalStatus: 'offline',
  removedIsGone: false,
  a2aCaller: 'header',
  noticeSummaryUnit: 'bytes',
  loopbackPushUrls: false,
}

export const CONTRACTS: Readonly<Record<ContractVersion, ContractRules>> = { v0: V0, v1: V1, v2: V2 }
