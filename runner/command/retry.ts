/** `molecule connect retry`: messages that were set aside are given to the backend again. */
import { counted } from '../../base/plural.ts'
import type { Target } from '../../member/settings/config.ts'
import { type LedgerPlace, withLedger } from './opened-ledger.ts'

/** @throws Ending */
export function retry(place: LedgerPlace, targets: readonly Target[]): Promise<string> {
  return withLedger(place, (ledger) =>
    targets
      .map(({ workspaceId }) => {
        const count = ledger.workOf(workspaceId).retry()
        return `workspace ${workspaceId}: ${counted(count, 'message')} to be answered again`
      })
      .join('\n'),
  )
}
