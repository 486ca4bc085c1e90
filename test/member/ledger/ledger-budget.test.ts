/** How the ledger keeps within its budget. */
import { expect, test } from 'bun:test'
import { systemDisk } from '../../../base/sqlite.ts'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { readInbound } from '../../../member/client/inbound.ts'
import type { StoredMessage } from '../../../member/ledger/ledger.ts'
import { CUT } from '../../../member/ledger/ledger-budget.ts'
import { MESSAGE_STATES, type MessageState } from '../../../member/ledger/ledger-rows.ts'
import { entries, MESSAGE } from '../../fixtures/entries.ts'

const A = 'workspace-a'
const NOW = Date.parse('2030-01-01T00:00:00Z')
const DAY_MS = 24 * 60 * 60_000
const LONG = 'z'.repeat(300_000)
const attachments = [{ uri: 'https://a.b/c', name: 'c', mimeType: 'text/plain', size: 1, base64: 'eg==' }]

/** A ledger with one long message in each state that `bring` leads to. */
function ledgerWith(
  count: number,
  bring: (messages: readonly StoredMessage[], ledger: ReturnType<typeof openLedger>) => void,
) {
  const folder = temporaryFolder()
  const path = folder.file('ledger.db')
  const ledger = openLedger(path)
  ledger.of(A).storePage(
    entries(count, (n) => ({ content: JSON.stringify({ ...MESSAGE, text: `${n} ${LONG}`, attachments }) })),
    undefined,
    NOW,
  )
  bring(ledger.nextBatch([A], count, Number.POSITIVE_INFINITY, NOW), ledger)
  const cut = (now: number, enoughBytes: number) => CUT.run({ path, now, enoughBytes }, systemDisk)
  const all = () =>
    ledger.inbox.list({ workspaceIds: [A], states: [...MESSAGE_STATES], oldestFirst: true, limit: count })
      .rows
  return {
    ledger,
    cut,
    all,
    long: (): MessageState[] =>
      all().flatMap(({ state, content }) => (content.length > 100_000 ? [state] : [])),
    [Symbol.dispose]: () => {
      ledger.close()
      folder[Symbol.dispose]()
    },
  }
}

test('what is not done with is never cut, however large the ledger', () => {
  using scene = ledgerWith(6, ([sent, confirmed, answered, skipped, sending], ledger) => {
    if (!sent || !confirmed || !answered || !skipped || !sending) throw new Error('too few')
    ledger.markSending([sent, confirmed, answered, sending])
    ledger.markSent([sent, confirmed, answered], NOW)
    ledger.markConfirmed(A, confirmed.activityId)
    ledger.markAnswered(answered.ord)
    ledger.markSkipped(skipped, 'a reason')
  })
  expect([scene.cut(NOW + 7 * DAY_MS - 1, 0), scene.long()]).toEqual([3, ['sent', 'sending', 'received']])
  // After a week it may still be shown again, but not whole.
  expect([scene.cut(NOW + 7 * DAY_MS, 0), scene.long()]).toEqual([1, ['sending', 'received']])
})

test('the oldest are cut first, and no more than needed', () => {
  using scene = ledgerWith(10, (messages, ledger) => {
    for (const { ord } of messages) ledger.markAnswered(ord)
  })
  expect(scene.cut(NOW, 1_900_000)).toBeLessThan(6)
  const cut = scene.all().map(({ content }) => content.length < 100_000)
  expect(cut).toEqual(cut.toSorted((a, b) => Number(b) - Number(a)))
  expect(cut.filter(Boolean).length).toBeGreaterThan(3)
})

test('a message that was cut can be read back, says how long it was, and counts as known', () => {
  using scene = ledgerWith(1, ([message], ledger) => ledger.markAnswered(message?.ord ?? 0))
  scene.cut(NOW, 0)
  const [row] = scene.all()
  const message = readInbound(row?.content ?? '')
  expect(message?.text).toMatch(/^0 z+… \(of 300002 characters, the rest is no longer kept\)$/)
  expect(message?.attachments).toEqual([{ uri: 'https://a.b/c', name: 'c', mimeType: 'text/plain', size: 1 }])
  expect(scene.cut(NOW, 0)).toBe(0)
  expect(
    scene.ledger.of(A).storePage(
      entries(1, () => ({ activityId: row?.activityId ?? '' })),
      undefined,
      NOW,
    ),
  ).toBe(0)
})
