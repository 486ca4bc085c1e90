import { describe, expect, test } from 'bun:test'
import { InOrder } from '../../base/in-order.ts'
import { DatabaseBusy, PATIENCE_MS, patiently } from '../../base/patience.ts'
import { SimClock, settled } from '../../lab/simulation/sim-clock.ts'

const busy = (): never => {
  throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' })
}
/** Meets another process `times` times, and then does it. */
function meets(times: number, done: () => void): () => void {
  let left = times
  return () => (left-- > 0 ? busy() : done())
}

describe('work that meets another process', () => {
  test('is done at once if no process is in its way', () => {
    let done = false
    void patiently(() => {
      done = true
    }, new SimClock())
    expect(done).toBeTrue()
  })

  test('is tried again soon, and never blocks', async () => {
    const clock = new SimClock()
    const begun = clock.now()
    let tries = 0
    const work = patiently(() => (++tries < 20 ? busy() : clock.now()), clock)
    await clock.advance(PATIENCE_MS)
    expect((await work) - begun).toBeLessThan(1_000)
    expect(tries).toBe(20)
  })

  test('fails after ten seconds, with what to do', async () => {
    const clock = new SimClock()
    const failure = patiently(busy, clock).catch((error: unknown) => error)
    await clock.advance(PATIENCE_MS + 1_000)
    expect(String(await failure)).toContain('stopped session (Ctrl-Z), continue or end it')
    expect(clock.armed).toBe(0)
  })

  test('is dropped once its signal has aborted', async () => {
    const clock = new SimClock()
    const stop = new AbortController()
    let done = false
    const work = patiently(
      meets(1, () => {
        done = true
      }),
      clock,
      stop.signal,
    )
    stop.abort(new Error('it ended'))
    await expect(work).rejects.toThrow('it ended')
    await clock.advance(1_000)
    expect([done, clock.armed]).toEqual([false, 0])
  })

  test('fails at once with any other error', async () => {
    const work = patiently(() => {
      throw new Error('the disk is full')
    }, new SimClock())
    await expect(work).rejects.toThrow('the disk is full')
  })
})

describe('work that is done in order', () => {
  function queue() {
    const clock = new SimClock()
    const stop = new AbortController()
    return { clock, stop, records: new InOrder({ clock, signal: stop.signal }) }
  }

  test('never overtakes work that still waits', async () => {
    const { clock, records } = queue()
    const done: string[] = []
    const fail = (error: unknown): void => void done.push(String(error))
    records.do(
      meets(3, () => done.push('first')),
      fail,
    )
    records.do(() => done.push('second'), fail)
    expect(done).toEqual([])
    await clock.advance(1_000)
    expect(done).toEqual(['first', 'second'])
    records.do(() => done.push('third'), fail)
    expect(done).toEqual(['first', 'second', 'third'])
  })

  test('continues after work that failed, or that met another process for ten seconds', async () => {
    const { clock, records } = queue()
    const failures: unknown[] = []
    let done = 0
    records.do(busy, (error) => failures.push(error))
    records.do(
      () => {
        throw new Error('the disk is full')
      },
      (error) => failures.push(error),
    )
    records.do(
      () => done++,
      (error) => failures.push(error),
    )
    await clock.advance(PATIENCE_MS + 1_000)
    expect(failures).toEqual([expect.any(DatabaseBusy), new Error('the disk is full')])
    expect([done, clock.armed]).toEqual([1, 0])
  })

  test('is dropped once the signal has aborted, and is bounded', async () => {
    const { clock, stop, records } = queue()
    const failures: unknown[] = []
    let done = 0
    for (let n = 0; n < 150; n++) {
      records.do(
        meets(1, () => done++),
        (error) => failures.push(error),
      )
    }
    expect(failures).toHaveLength(50)
    stop.abort()
    await clock.advance(1_000)
    await settled()
    expect(done).toBe(0)
  })
})
