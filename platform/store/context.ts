/** What every store works with. */
import type { Database } from 'bun:sqlite'
import type { Clock } from '../base/clock.ts'
import type { Events } from '../base/events.ts'
import type { RandomBytes } from '../base/random.ts'
import type { Timestamps } from '../base/timestamp.ts'
import type { Faults } from '../contract/faults.ts'

export interface StoreContext {
  readonly database: Database
  readonly clock: Clock
  readonly timestamps: Timestamps
  readonly random: RandomBytes
  readonly events: Events
  readonly faults: Faults
}
