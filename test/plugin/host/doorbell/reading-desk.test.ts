import { expect, test } from 'bun:test'
import { SimClock } from '../../../../lab/simulation/sim-clock.ts'
import { ReadingDesk } from '../../../../plugin/host/doorbell/reading-desk.ts'
import { NotTaken } from '../../../../plugin/host/event/outlet.ts'

const EVENT = { content: 'a text', meta: { activity_id: 'a' } }

function openDesk(): ReadingDesk {
  const nothing = (): void => {}
  const clock = new SimClock()
  return new ReadingDesk({
    onOpen: nothing,
    onWaiting: nothing,
    onDropped: nothing,
    waiting: () => 1,
    clock,
  })
}

test('a page that comes just after its call was given up is not taken: its messages wait again', async () => {
  const desk = openDesk()
  const call = new AbortController()
  const read = desk.read(call.signal)
  await Promise.resolve()
  call.abort()
  const page = desk.open()
  if (page === undefined) throw new Error('the desk was closed at once')
  page.fits(EVENT)
  const outcome = await page.write(EVENT).then(
    () => 'left',
    (error: unknown) => error,
  )
  expect(outcome).toBeInstanceOf(NotTaken)
  expect(await read).toBeUndefined()
})
