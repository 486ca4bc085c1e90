// The parts of the running platform, as handlers get to see them.

import type { Database } from 'bun:sqlite'
import type { ActivityLog } from './activity.ts'
import type { Authentication } from './authentication.ts'
import type { ContractRules } from './contract.ts'
import type { Events } from './events.ts'
import type { RandomBytes } from './random.ts'
import type { Timekeeper } from './time.ts'
import type { Tokens } from './tokens.ts'
import type { Workspaces } from './workspaces.ts'

export interface Services {
  readonly database: Database
  readonly time: Timekeeper
  readonly random: RandomBytes
  readonly rules: () => ContractRules
  readonly events: Events
  readonly activity: ActivityLog
  readonly tokens: Tokens
  readonly workspaces: Workspaces
  readonly authentication: Authentication
}
