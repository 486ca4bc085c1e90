/**
 * When a message may be shown again: with the mark, in another session, before its receipt, and a limited number of
 * times. The one exception: after a power cut that erased every record of a delivery, the message counts as new.
 */
import { type Erasure, type Evidence, idOf, type Receipt, type Showing } from './evidence.ts'
import type { Fault, FaultKind } from './verdict.ts'

/** Sessions that die while writing, and those that nobody uses, may or may not have shown it: ten times each, then three. */
const MAX_WRITES = 23

/** Everything known about one message. */
interface Case {
  /** In the order they began. */
  readonly showings: readonly Showing[]
  readonly erasures: readonly Erasure[]
  readonly receipts: readonly Receipt[]
}

export function judgeRepeats({
  written,
  erasures = [],
  receipts = [],
}: Pick<Evidence, 'written' | 'erasures' | 'receipts'>): Fault[] {
  const erasuresOf = Map.groupBy(erasures, idOf)
  const receiptsOf = Map.groupBy(receipts, idOf)
  return [...Map.groupBy(written, idOf)].flatMap(([id, showings]) => {
    const one = { showings, erasures: erasuresOf.get(id) ?? [], receipts: receiptsOf.get(id) ?? [] }
    return [...showings.flatMap((_, index) => judgeShowing(one, index)), ...judgeCount(one)]
  })
}

function judgeShowing(one: Case, index: number): Fault[] {
  const showing = one.showings[index]
  if (showing === undefined) return []
  const earlier = one.showings.slice(0, index)
  const faults: Fault[] = []
  if (!showing.redelivered && !isNew(one, showing, earlier.at(-1))) {
    faults.push(fault('unmarked repeat', showing, 'shown again without the mark'))
  }
  if (earlier.some(({ session }) => session === showing.session)) {
    faults.push(fault('repeat within a session', showing, 'shown twice'))
  }
  if (hasReceipt(one, showing)) {
    faults.push(fault('repeat after a receipt', showing, 'shown again after its receipt'))
  }
  return faults
}

/** Whether the session could not know of an earlier delivery. */
function isNew({ erasures }: Case, showing: Showing, previous: Showing | undefined): boolean {
  return (
    previous === undefined ||
    erasures.some(
      ({ order, after }) => order > previous.order && order <= showing.order && (after?.attempts ?? 0) === 0,
    )
  )
}

/** Whether the ledger knew of a receipt when the session began to write. */
function hasReceipt({ receipts, erasures }: Case, showing: Showing): boolean {
  return receipts.some(
    (receipt) =>
      receipt.order <= showing.order &&
      !erasures.some(
        ({ order, after }) =>
          order >= receipt.order && order <= showing.order && after?.state !== 'confirmed',
      ),
  )
}

function judgeCount({ showings, erasures }: Case): Fault[] {
  const forgotten = erasures.reduce(
    (sum, { before, after }) => sum + before.attempts - (after?.attempts ?? 0),
    0,
  )
  const last = showings.at(-1)
  if (last === undefined || showings.length <= MAX_WRITES + forgotten) return []
  return [fault('endless repeat', last, `shown ${showings.length} times`)]
}

function fault(kind: FaultKind, { name, activityId, session, order }: Showing, what: string): Fault {
  return { kind, text: `${name ?? activityId} was ${what}, in session ${session} (write ${order})` }
}
