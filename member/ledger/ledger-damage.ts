/** A ledger that is damaged: told from other trouble, set aside, and what can still be read of it carried over. */

import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { codeOf } from '../../base/errors.ts'

/** How a session lost the ledger it had open: its file is damaged, or another one, or none, is in its place. */
export type Loss = 'damaged' | 'replaced'

/** Damaged files that are kept; a disk that damages every one of them must not fill with them as well. */
const MAX_KEPT = 3
/** Besides the file itself, what SQLite lays beside it. */
const SUFFIXES = ['-wal', '-shm'] as const
const ASIDE = /\.damaged-\d+$/

export class DamagedLedger extends Error {
  override readonly name = 'DamagedLedger'
}

export function isDamage(error: unknown): boolean {
  // Also the more exact codes, such as that of an index. A read that ends too early is a file that was cut.
  return (
    error instanceof DamagedLedger || /^SQLITE_(NOTADB|CORRUPT|IOERR_SHORT_READ)/.test(codeOf(error) ?? '')
  )
}

/**
 * Gives a damaged file another name beside its own, one that nothing has. Nobody of this process may have it open, and
 * no other process may do the same meanwhile.
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
      // Not every database has them.
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
