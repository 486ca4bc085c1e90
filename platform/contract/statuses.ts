/** The statuses a workspace can have (contract: status table). */

export const STATUSES = [
  'provisioning',
  'online',
  'offline',
  'degraded',
  'failed',
  'removed',
  'paused',
  'hibernated',
  'hibernating',
  'awaiting_agent',
] as const

export type Status = (typeof STATUSES)[number]
