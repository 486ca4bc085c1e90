/** Whether a session can keep its records: the owner and mode of the state folder, its space, and a lock in it. */
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { codeOf, describeError } from '../../base/errors.ts'
import type { Disk } from '../../base/sqlite.ts'
import { exists } from '../folder/file-stat.ts'
import { LockFile } from '../folder/lock.ts'
import { checkStateFolder, type StatePaths } from '../folder/state-folder.ts'
import { type Check, fail, type Outcome, ok, warn } from './check.ts'

interface FolderFacts {
  readonly folder: string
  readonly exists: boolean
  /** Why it cannot be trusted, with what to do. */
  readonly distrust: string | undefined
  /** How others can write to it. */
  readonly open: string | undefined
  readonly writeError: unknown
  readonly lockProblem: string | undefined
  /** Bytes that are free; undefined where the system does not say. */
  readonly freeBytes: number | undefined
}

/** As large as what one message, with its part of the log, needs to be kept. */
const TRIAL_BYTES = 64 * 1024
/** The ledger and the files of a few messages. */
const LITTLE_BYTES = 32 * 1024 * 1024

export function stateFolderCheck(paths: StatePaths, disk: Disk): Check {
  return { name: 'state folder', needs: [], probe: () => judgeFolder(factsOf(paths, disk)) }
}

/** Pure. */
function judgeFolder(facts: FolderFacts): Outcome {
  const { folder, distrust, open, writeError, lockProblem, freeBytes } = facts
  if (distrust !== undefined) {
    const [says, remedy = 'set MOLECULE_STATE_DIR to a folder of your own'] = distrust.split(': ', 2)
    return fail(`${folder} cannot be used: ${says}`, capital(remedy))
  }
  if (writeError !== undefined) {
    const full = ['ENOSPC', 'EDQUOT'].includes(codeOf(writeError) ?? '')
    return fail(
      `${folder} cannot be written: ${describeError(writeError)}`,
      full
        ? 'Make room on that disk: until then, no message is shown'
        : 'Make it writable, or name another folder: MOLECULE_STATE_DIR, or --state-dir of molecule connect',
    )
  }
  if (lockProblem !== undefined) {
    return fail(
      `${folder} takes no locks: ${lockProblem}`,
      'Set MOLECULE_STATE_DIR to a folder on a local disk',
    )
  }
  if (open !== undefined) return warn(open, `Run chmod go-w on it, and look at what is in it`)
  if (freeBytes !== undefined && freeBytes < LITTLE_BYTES) {
    return warn(
      `${folder} has only ${Math.floor(freeBytes / 1024 / 1024)} MB of space left`,
      'Make room on that disk',
    )
  }
  return ok(`${folder}${facts.exists ? '' : ', which the first start creates'}`)
}

function factsOf(paths: StatePaths, disk: Disk): FolderFacts {
  const { folder } = paths
  const isThere = exists(folder)
  const unknown = { distrust: undefined, open: undefined, writeError: undefined, lockProblem: undefined }
  const facts = { ...unknown, folder, exists: isThere, freeBytes: undefined }
  let open: string | undefined
  try {
    if (isThere) open = checkStateFolder(paths)
  } catch (error) {
    return { ...facts, distrust: describeError(error) }
  }
  let place = folder
  while (!exists(place) && dirname(place) !== place) place = dirname(place)
  try {
    return { ...facts, open, lockProblem: tryOut(place, disk), freeBytes: freeBytes(place) }
  } catch (error) {
    return { ...facts, writeError: error }
  }
}

/**
 * A permission says less than the attempt: a file system can be read-only or full. Leaves nothing behind.
 *
 * @returns why no lock can be taken.
 * @throws why nothing can be written.
 */
function tryOut(place: string, disk: Disk): string | undefined {
  const trial = mkdtempSync(join(place, '.molecule-'))
  try {
    writeFileSync(join(trial, 'trial'), new Uint8Array(TRIAL_BYTES), { mode: 0o600, flush: true })
    const lock = new LockFile(join(trial, 'trial.lock'), disk)
    const attempt = lock.tryTake()
    lock.close()
    return attempt.state === 'failed' ? attempt.reason : undefined
  } finally {
    rmSync(trial, { recursive: true, force: true })
  }
}

function freeBytes(place: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(place)
    return bavail * bsize
  } catch {
    // Some file systems do not say.
    return undefined
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
