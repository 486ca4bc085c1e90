/** Which process receives for a workspace, and whether it runs. */
import { plainText } from '../../base/plain-text.ts'
import type { Disk } from '../../base/sqlite.ts'
import { exists } from '../folder/file-stat.ts'
import { type Holder, readPidFile } from '../folder/holder-record.ts'
import type { HolderWatch, Standstill } from '../folder/holder-watch.ts'
import { isHeld, lockPaths } from '../folder/lock.ts'
import { type Check, fail, type Outcome, ok, warn } from './check.ts'

export interface ReceiverPlace {
  /** The lock folder. */
  readonly locks: string
  readonly disk: Disk
  readonly holders: HolderWatch
}

interface ReceiverFacts {
  readonly isHeld: boolean
  readonly holder: Holder | undefined
  readonly standstill: Standstill | undefined
}

/** What is right: that somebody receives, or that nobody does, so that a program can start to. */
export type Expected = { readonly receiver: 'any'; readonly remedy: string } | { readonly receiver: 'none' }

const MAX_PROJECT_CHARS = 200

export function receiverCheck(
  { locks, disk, holders }: ReceiverPlace,
  workspaceId: string,
  suffix: string,
  expected: Expected,
): Check {
  return {
    name: `receiver${suffix}`,
    needs: ['state folder', 'settings'],
    probe: () => {
      const { lock, holder } = lockPaths(locks, workspaceId)
      const held = exists(lock) && isHeld(lock, disk)
      return judgeReceiver(
        {
          isHeld: held,
          holder: held ? readPidFile(holder) : undefined,
          standstill: held ? holders.standstill(holder) : undefined,
        },
        expected,
      )
    },
  }
}

/** Pure. */
function judgeReceiver({ isHeld: held, holder, standstill }: ReceiverFacts, expected: Expected): Outcome {
  if (!held) {
    return expected.receiver === 'none' ? ok('none: the lock is free') : warn('none', expected.remedy)
  }
  const who = whoIs(holder)
  if (standstill !== undefined) {
    const what = standstill === 'silent' ? 'gives no sign of life' : 'is stopped (Ctrl-Z)'
    return fail(
      `${who} ${what}, so messages wait`,
      standstill === 'silent'
        ? 'End it, or wait until its machine is awake'
        : 'Run fg in its terminal, or end it',
    )
  }
  if (expected.receiver === 'none') {
    return warn(
      `${who} holds the workspace`,
      'End that one before you start another, or start this one with --wait',
    )
  }
  return ok(
    `${who} since ${holder === undefined ? 'an unknown time' : new Date(holder.startedAt).toISOString()}`,
  )
}

function whoIs(holder: Holder | undefined): string {
  if (holder === undefined) return 'another process'
  return `pid ${holder.pid} (${plainText(holder.project, MAX_PROJECT_CHARS) || 'unknown folder'})`
}
