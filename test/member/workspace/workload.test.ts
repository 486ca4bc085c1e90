import { expect, test } from 'bun:test'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { SimClock } from '../../../lab/simulation/sim-clock.ts'
import { Workload } from '../../../member/workspace/workload.ts'
import { entry, MESSAGE } from '../../fixtures/entries.ts'

const OWN = 'workspace-a'
const TEN_MINUTES_MS = 10 * 60_000

function start() {
  const ledger = openLedger()
  const clock = new SimClock()
  return {
    ledger,
    clock,
    workload: new Workload({ ledger: ledger.of(OWN), clock, runtime: () => ({ capabilities: {} }) }),
  }
}

test('a task in hand is a message shown in the last ten minutes and not answered', async () => {
  const { ledger, clock, workload } = start()
  const person = entry({
    content: JSON.stringify({ ...MESSAGE, text: 'a secret of the team', userName: 'Ann' }),
  })
  ledger.of(OWN).storePage([entry(), person, entry()], undefined, clock.now())
  const [first, second] = ledger.nextBatch([OWN], 2, 1_000, clock.now())
  if (first === undefined || second === undefined) throw new Error('nothing to send')
  ledger.markSending([first, second])
  ledger.markSent([first], clock.now())
  await clock.advance(1)
  ledger.markSent([second], clock.now())
  const busy = workload.take()
  expect(busy).toMatchObject({ active_tasks: 2, current_task: 'a message from Ann' })
  expect(JSON.stringify(busy)).not.toContain('secret')
  ledger.markAnswered(second.ord)
  expect(workload.take()).toMatchObject({ active_tasks: 1, current_task: 'a message from the chat' })
  await clock.advance(TEN_MINUTES_MS - 1)
  expect(workload.take()).toMatchObject({ active_tasks: 0, current_task: '' })
})

test('while a permission request waits for a person, the task is to wait for it', async () => {
  const { ledger, clock, workload } = start()
  ledger.permissions.add({ workspaceId: OWN, requestId: 'abcde', tool: 'Bash\u0000' }, clock.now())
  expect(workload.take().current_task).toBe('waits for permission to use the tool Bash')
  await clock.advance(TEN_MINUTES_MS)
  expect(workload.take().current_task).toBe('')
  ledger.permissions.add({ workspaceId: OWN, requestId: 'abcdf', tool: 'Edit' }, clock.now())
  ledger.permissions.close('elsewhere')
  expect(workload.take().current_task).toBe('')
})

test('failures are counted from one beat to the next, with the last one as the sample', async () => {
  const { clock, workload } = start()
  workload.succeeded()
  workload.failed('cannot reach it')
  workload.failed('HTTP 500')
  workload.succeeded()
  await clock.advance(30_000)
  expect(workload.take()).toMatchObject({ error_rate: 0.5, sample_error: 'HTTP 500', uptime_seconds: 30 })
  expect(workload.take()).toMatchObject({ error_rate: 0, sample_error: '' })
})
