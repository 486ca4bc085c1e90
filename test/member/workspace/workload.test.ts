import { expect, test } from 'bun:test'
import { Ledger } from '../../../member/ledger/ledger.ts'
import { Workload } from '../../../member/workspace/workload.ts'
import { entry, MESSAGE } from '../../fixtures/entries.ts'

const OWN = 'workspace-a'
const NOW = 1_800_000_000_000
const TEN_MINUTES_MS = 10 * 60_000

function start() {
  const ledger = Ledger.open(':memory:')
  const clock = { now: NOW }
  return { ledger, clock, workload: new Workload(ledger, OWN, () => clock.now) }
}

test('what is in hand was shown and not answered, and is not older than ten minutes', () => {
  const { ledger, clock, workload } = start()
  const person = entry({
    content: JSON.stringify({ ...MESSAGE, text: 'a secret of the team', userName: 'Ann' }),
  })
  ledger.storePage(OWN, [entry(), person, entry()], undefined, NOW)
  const [first, second] = ledger.nextBatch([OWN], 2, 1_000)
  if (first === undefined || second === undefined) throw new Error('nothing to send')
  ledger.markSending([first, second])
  ledger.markSent([first], NOW)
  ledger.markSent([second], NOW + 1)
  const busy = workload.take()
  expect(busy).toMatchObject({ active_tasks: 2, current_task: 'a message from Ann' })
  expect(JSON.stringify(busy)).not.toContain('secret')
  ledger.markAnswered(second.ord)
  expect(workload.take()).toMatchObject({ active_tasks: 1, current_task: 'a message from the chat' })
  clock.now = NOW + TEN_MINUTES_MS
  expect(workload.take()).toMatchObject({ active_tasks: 0, current_task: '' })
})

test('failures count from one beat to the next, with the last of them as the sample', () => {
  const { clock, workload } = start()
  workload.succeeded()
  workload.failed('cannot reach it')
  workload.failed('HTTP 500')
  workload.succeeded()
  clock.now += 30_000
  expect(workload.take()).toMatchObject({ error_rate: 0.5, sample_error: 'HTTP 500', uptime_seconds: 30 })
  expect(workload.take()).toMatchObject({ error_rate: 0, sample_error: '' })
})
