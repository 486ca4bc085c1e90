// The parts of the running platform, as handlers get to see them.

import type { Database } from 'bun:sqlite'
import type { ActivityLog } from './activity.ts'
import type { Authentication } from './authentication.ts'
import type { Background } from './background.ts'
import type { ContractRules } from './contract.ts'
import type { Delegations } from './delegations.ts'
import type { Events } from './events.ts'
import type { Faults } from './faults.ts'
import type { PushSettings } from './push.ts'
import type { A2aQueue } from './queue.ts'
import type { RandomBytes } from './random.ts'
import type { Timekeeper } from './time.ts'
import type { Tokens } from './tokens.ts'
import type { Workspaces } from './workspaces.ts'

export interface Services {
  readonly database: Database
  readonly time: Timekeeper
  readonly random: RandomBytes
  readonly faults: Faults
  /** The contract in force; it may change while the platform runs. */
  readonly rules: () => ContractRules
  readonly events: Events
  readonly background: Background
  readonly activity: ActivityLog
  readonly tokens: Tokens
  readonly workspaces: Workspaces
  readonly queue: A2aQueue
  readonly delegations: Delegations
  readonly pushSettings: () => PushSettings
  readonly authentication: Authentication
}
