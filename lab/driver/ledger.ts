/** A ledger on its own, without a session around it. */
import { systemClock } from '../../base/clock.ts'
import { type Disk, systemDisk } from '../../base/sqlite.ts'
import { Ledger } from '../../member/ledger/ledger.ts'
import { openLedgerFile } from '../../member/ledger/ledger-file.ts'

export interface OpenLedgerOptions {
  /** Called with a sentence when a damaged file was set aside. Default: none. */
  readonly onDamage?: (sentence: string) => void
  /** Default: the system's. */
  readonly disk?: Disk
  /** Milliseconds since the epoch. Default: the system's. */
  readonly now?: () => number
}

/**
 * Opens a ledger, as a session of its own.
 *
 * @param path of the file; `:memory:` by default.
 * @throws as `openLedgerFile`.
 */
export function openLedger(
  path = ':memory:',
  { onDamage = () => {}, disk = systemDisk, now = systemClock.now }: OpenLedgerOptions = {},
): Ledger {
  return new Ledger(openLedgerFile(path, { disk, now, onDamage }), crypto.randomUUID())
}
