/** `molecule connect status`: what serves the workspaces, what waits, and what was set aside. */
import type { HolderWatch } from '../../member/folder/holder-watch.ts'
import type { Target } from '../../member/settings/config.ts'
import { workspaceViews } from '../../plugin/host/report/overview.ts'
import { doing } from '../../plugin/host/report/remark.ts'
import { readReport, renderReport } from '../report.ts'
import { type LedgerPlace, withLedger } from './opened-ledger.ts'

export interface StatusPlace extends LedgerPlace {
  readonly targets: readonly Target[]
  readonly holders: HolderWatch
}

/** @throws Ending */
export function status(place: StatusPlace): Promise<string> {
  const { targets, paths, disk, holders, clock } = place
  return withLedger(place, (ledger) => {
    const options = { targets, memberships: [], locks: paths.locks, disk, holders }
    const now = clock.now()
    const reports = workspaceViews(options, ledger, now).map((view) => {
      // Whoever serves it knows more than its ledger tells.
      const own = view.elsewhere ? readReport(paths.locks, view.workspaceId, view.holder?.pid) : undefined
      const setAside = ledger.workOf(view.workspaceId).countSetAside()
      if (own === undefined) return renderReport(view, undefined, setAside, now)
      // Such a process writes no report that would say so.
      return view.standstill === undefined ? own : `${own}\n  that process ${doing(view.standstill)}`
    })
    return [...reports, `log: ${paths.logFile}`].join('\n')
  })
}
