/** The ledger of a state folder, opened for one command. */
import type { Clock } from '../../base/clock.ts'
import type { Disk } from '../../base/sqlite.ts'
import { exists } from '../../member/folder/file-stat.ts'
import type { Holder } from '../../member/folder/holder-record.ts'
import type { Log } from '../../member/folder/log.ts'
import type { StatePaths } from '../../member/folder/state-folder.ts'
import type { Ledger } from '../../member/ledger/ledger.ts'
import { SessionLedger } from '../../member/ledger/session-ledger.ts'
import { FolderOpening } from '../../member/workspace/folder-opening.ts'
import { Ending, EXIT, withoutFolder } from '../exit-code.ts'

export interface LedgerPlace {
  readonly paths: StatePaths
  readonly disk: Disk
  readonly clock: Clock
  readonly holder: Holder
  readonly log: Log
}

/** @throws Ending when there is none; nothing is created. */
export async function withLedger<T>(
  place: LedgerPlace,
  work: (ledger: Ledger) => T | Promise<T>,
): Promise<T> {
  if (exists(place.paths.ledger)) return withNewLedger(place, work)
  throw new Ending(
    EXIT.failed,
    `The state folder ${place.paths.folder} is empty: no session and no molecule connect has used it. Name another one with --state-dir.`,
  )
}

/** As {@link withLedger}, but creates what is missing. */
export async function withNewLedger<T>(
  { paths, disk, clock, holder, log }: LedgerPlace,
  work: (ledger: Ledger) => T | Promise<T>,
): Promise<T> {
  const file = new SessionLedger(paths.ledger, { disk, clock, holder, onDamage: log.error })
  const opening = new FolderOpening({ paths, ledger: file, log, clock })
  try {
    await opening.open()
    if (file.current === undefined) throw withoutFolder()
    return await work(file.current)
  } finally {
    opening.stop()
    opening.close()
  }
}
