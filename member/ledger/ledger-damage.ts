/** A damaged ledger: how to recognize one, and how to set it aside. */

import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { codeOf } from '../../base/errors.ts'

/** How a session lost the ledger it had open: its file is damaged, or another one, or none, is in its place. */
/** Another file is in the place of the open one, so what would be written to that is lost. */
export class LedgerReplaced extends Error {
  override readonly name = 'LedgerReplaced'

  constructor() {
    super('the ledger was replaced by another file')
  }
}

export type Loss = 'damaged' | 'replaced'

/** How many damaged files are kept: a disk that damages every ledger must not fill up with them. */
const MAX_KEPT = 3
/** The file itself, and those SQLite keeps beside it. */
const SUFFIXES = ['-wal', '-shm'] as const
const ASIDE = /\.damaged-\d+$/

export class DamagedLedger extends Error {
  override readonly name = 'DamagedLedger'
}

export function isDamage(error: unknown): boolean {
  // Includes the extended codes, such as the one for an index. A short read means a truncated file.
  return (
    error instanceof DamagedLedger || /^SQLITE_(NOTADB|CORRUPT|IOERR_SHORT_READ)/.test(codeOf(error) ?? '')
  )
}

/**
 * Renames a damaged file to an unused name in the same folder. This process must not have it open, and no other process
 * may do the same at the same time.
 *
 * @returns the new name.
 * @throws the file system's error.
 */
export function setAside(path: string, now: number): string {
  let at = now
  while (existsSync(`${path}.damaged-${at}`)) at++
  const aside = `${path}.damaged-${at}`
  renameSync(path, aside)
  for (const suffix of SUFFIXES) {
    try {
      renameSync(path + suffix, aside + suffix)
    } catch {
      // Not every database has these files.
    }
  }
  const name = basename(path)
  const kept = readdirSync(dirname(path))
    .filter((other) => other.startsWith(name) && ASIDE.test(other))
    .sort()
  for (const old of kept.slice(0, -MAX_KEPT)) {
    for (const suffix of ['', ...SUFFIXES]) rmSync(join(dirname(path), old + suffix), { force: true })
  }
  return aside
}
