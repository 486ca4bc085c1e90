/** What is known about each workspace, from this session and from the lock folder, for `status` and remarks. */

import type { Disk } from '../../../base/sqlite.ts'
import { readPidFile } from '../../../member/folder/holder-record.ts'
import type { HolderWatch } from '../../../member/folder/holder-watch.ts'
import { isHeld, lockPaths } from '../../../member/folder/lock.ts'
import type { Ledger } from '../../../member/ledger/ledger.ts'
import type { Target } from '../../../member/settings/config.ts'
import { type Membership, type MembershipReport, NOT_JOINED } from '../../../member/workspace/membership.ts'
import { NOT_ALLOWED } from '../../../member/workspace/sender-gate.ts'
import type { Standby } from './remark.ts'
import type { WorkspaceView } from './workspace-report.ts'

export interface OverviewOptions {
  readonly targets: readonly Target[]
  /** Empty in a session that may not hold. */
  readonly memberships: readonly Membership[]
  /** The lock folder. */
  readonly locks: string
  readonly disk: Disk
  readonly holders: HolderWatch
}

/** A remark covers no more workspaces than this, since it follows every result. */
const MAX_REMARKED = 12

/** Which sessions receive for the first workspaces. */
export function standbys(options: OverviewOptions): readonly Standby[] {
  return reports(options, MAX_REMARKED).map((report) => ({
    ...report,
    holder: report.elsewhere ? readPidFile(lockPaths(options.locks, report.workspaceId).holder) : undefined,
  }))
}

/** Everything about each workspace. Never throws: it is most needed when the disk fails. */
export function workspaceViews(
  options: OverviewOptions,
  ledger: Ledger | undefined,
  now: number,
): readonly WorkspaceView[] {
  return reports(options, Number.POSITIVE_INFINITY).map((report) => ({
    ...report,
    holder:
      report.held || report.elsewhere
        ? readPidFile(lockPaths(options.locks, report.workspaceId).holder)
        : undefined,
    ...recorded(ledger, report.workspaceId, now),
  }))
}

function reports(
  { targets, memberships, locks, disk, holders }: OverviewOptions,
  limit: number,
): readonly MembershipReport[] {
  if (memberships.length > 0) return memberships.slice(0, limit).map((membership) => membership.report())
  return targets.slice(0, limit).map(({ workspaceId, platformUrl }) => {
    const { lock, holder } = lockPaths(locks, workspaceId)
    const elsewhere = isHeld(lock, disk)
    const standstill = elsewhere ? holders.standstill(holder) : undefined
    return { ...NOT_JOINED, workspaceId, platformUrl, elsewhere, standstill }
  })
}

function recorded(
  ledger: Ledger | undefined,
  workspaceId: string,
  now: number,
): Pick<WorkspaceView, 'counts' | 'notAllowed' | 'questions'> {
  try {
    return {
      counts: ledger?.inbox.counts(workspaceId) ?? {},
      notAllowed: ledger?.inbox.skippedFor(workspaceId, NOT_ALLOWED) ?? 0,
      questions: ledger?.of(workspaceId).inquiries.unended(now) ?? [],
    }
  } catch {
    // The ledger cannot be read now; the last error says so.
    return { counts: {}, notAllowed: 0, questions: [] }
  }
}
