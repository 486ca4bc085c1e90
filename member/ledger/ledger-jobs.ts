/** What takes long before a ledger can be used: waiting for its turn, migrating, checking and mending the file. */
import type { Job } from '../../base/sqlite.ts'
import { identityOf } from '../folder/file-stat.ts'
import type { Holder } from '../folder/holder-record.ts'
import type { Loss } from './ledger-damage.ts'
import { beginAnew, openLedgerFile } from './ledger-file.ts'

export interface Preparation {
  readonly path: string
  /** Milliseconds since the epoch. */
  readonly now: number
  /** This process, for others that wait meanwhile. */
  readonly holder: Holder
  /** For a session that has lost its ledger: how, the id of the session, and the identity of the lost file. */
  readonly lost: { readonly loss: Loss; readonly session: string; readonly identity: string } | undefined
}

export interface Prepared {
  /** Of the file that can now be opened at once. */
  readonly identity: string
  /** What was done with a damaged one. */
  readonly sentence: string | undefined
}

export const PREPARE: Job<Preparation, Prepared> = {
  name: 'prepare the ledger',
  run: ({ path, now, holder, lost }, disk) => {
    let sentence: string | undefined
    const options = {
      disk,
      holder,
      now: () => now,
      onDamage: (told: string) => {
        sentence = told
      },
    }
    const db =
      lost === undefined
        ? openLedgerFile(path, options)
        : beginAnew(path, lost.loss, lost.session, lost.identity, options)
    try {
      return { identity: identityOf(path), sentence }
    } finally {
      db.close()
    }
  },
}
