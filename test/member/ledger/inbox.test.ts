import { expect, test } from 'bun:test'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { entries } from '../../fixtures/entries.ts'

const A = 'workspace-a'
const B = 'workspace-b'
const NOW = 1_800_000_000_000

test('a list since some time begins there, in each workspace and either order', () => {
  const ledger = openLedger()
  for (let hour = 0; hour < 5; hour++) {
    for (const [id, peerId] of [
      [A, 'p'],
      [B, null],
    ] as const) {
      ledger.of(id).storePage(
        entries(2, () => ({ peerId, content: `{"hour":${hour}}` })),
        undefined,
        NOW + hour,
      )
    }
  }
  const list = (more: object) => {
    const { rows, total } = ledger.inbox.list({
      workspaceIds: [A, B],
      states: ['received'],
      since: NOW + 3,
      limit: 3,
      ...more,
    })
    return [total, ...rows.map(({ content }) => content)]
  }
  const [three, four] = ['{"hour":3}', '{"hour":4}']
  expect(list({})).toEqual([8, four, four, four])
  expect(list({ oldestFirst: true })).toEqual([8, three, three, three])
  expect(list({ peerId: 'p' })).toEqual([4, four, four, three])
  expect(list({ since: NOW + 5 })).toEqual([0])
})
