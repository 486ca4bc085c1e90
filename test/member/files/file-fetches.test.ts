import { describe, expect, test } from 'bun:test'
import { silence } from '../../fixtures/simulated-client.ts'
import { file, own, simulateFetching, slow } from '../../fixtures/simulated-fetching.ts'

const HERE = { path: expect.any(String) }
const COMING = { error: expect.stringMatching(/^still being fetched, .* so far: inbox/), isComing: true }

const MINUTE_MS = 60_000

describe('a file that has not come when its message is shown', () => {
  test('comes all the same, once, for as long as bytes keep coming, and is there for who asks again', () => {
    const { prepare, run, clock, asked } = simulateFetching(slow(() => clock, 20 * 60))
    const one = file(own(), { size: 120_000_000 })
    const first = prepare(one)
    run(20_000)
    expect(first.state).toMatchObject([
      { error: expect.stringContaining('still being fetched, 1.9 MB of 114.4 MB so far') },
    ])
    const again = prepare(one)
    run(20_000)
    expect(again.state).toMatchObject([COMING])
    run(20 * MINUTE_MS)
    const third = prepare(one)
    run(0)
    expect([third.state, asked.filter((at) => at < 20 * MINUTE_MS)]).toMatchObject([[HERE], [0]])
  })

  test('is waited for as long as the caller says, and the wait can be cancelled', () => {
    const { prepareFor, run, clock } = simulateFetching(slow(() => clock, 30))
    const one = file(own())
    const cancelled = new AbortController()
    const [patient, cut] = [new AbortController(), cancelled].map(({ signal }) =>
      prepareFor({ ms: 50_000, signal }, one),
    )
    run(10_000)
    cancelled.abort()
    run(0)
    expect([patient?.state, cut?.state]).toMatchObject(['pending', [COMING]])
    run(20_000)
    expect(patient?.state).toMatchObject([HERE])
  })

  test('is tried again by itself, ever more rarely, and at once for who asks', () => {
    let isDown = true
    const { prepare, run, asked } = simulateFetching(() =>
      isDown ? new Response('no', { status: 503 }) : new Response('content'),
    )
    const one = file(own())
    prepare(one)
    run(90 * MINUTE_MS)
    // Three tries at once, and nine times within the hour.
    expect(asked.length).toBeWithin(27, 37)
    prepare(one)
    run(5_000)
    const tries = asked.length
    isDown = false
    const files = prepare(one)
    run(0)
    expect([files.state, asked.length]).toMatchObject([[HERE], tries + 2])
    // The acknowledgement is the last request.
    run(90 * MINUTE_MS)
    expect(asked).toHaveLength(tries + 2)
  })

  test('leaves the way free to the next ones, four at a time, however many stand still', () => {
    const { prepare, run, asked, clock } = simulateFetching(slow(() => clock, 9))
    const files = Array.from({ length: 10 }, () => prepare(file(own())))
    run(8_500)
    expect(asked).toHaveLength(4)
    run(11_000)
    expect(files.filter(({ state }) => JSON.stringify(state).includes('"path"'))).toHaveLength(8)
    const standing = simulateFetching(silence)
    for (let count = 0; count < 10; count++) standing.prepare(file(own()))
    standing.run(31_000)
    expect(standing.asked.length).toBeGreaterThanOrEqual(8)
  })

  test('waits in a line with an end', () => {
    const { prepare, run } = simulateFetching(silence)
    const files = Array.from({ length: 101 }, () => prepare(file(own())))
    run(0)
    expect(files.map(({ state }) => state).filter((state) => state !== 'pending')).toMatchObject([
      [{ error: 'not fetched: it waits behind 100 others that are being fetched' }],
    ])
  })
})
