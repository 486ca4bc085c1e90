import { expect, test } from 'bun:test'
import { LargeBodies } from '../../platform/http/large-bodies.ts'

const request = (headers: Record<string, string>): Request =>
  new Request('http://localhost/', { method: 'POST', headers, body: 'x' })
const LARGE = request({ 'Content-Length': '2000000' })
const UNKNOWN = request({ 'Transfer-Encoding': 'chunked' })
const SMALL = request({ 'Content-Length': '1000' })

test('large requests at once are bounded for each caller and in all, and others are answered meanwhile', async () => {
  const bodies = new LargeBodies()
  const { promise: over, resolve: end } = Promise.withResolvers<string>()
  const answer = async (
    caller: string,
    asked: Request,
    work: () => Promise<string>,
  ): Promise<string | number> => {
    const result = await bodies.within(caller, asked, work)
    return typeof result === 'string' ? result : result.status
  }
  const soon = (caller: string, asked: Request): Promise<string | number> =>
    answer(caller, asked, async () => 'done')
  const long = (caller: string): Promise<string | number> => answer(caller, LARGE, () => over)
  const underWay = [long('one'), long('one')]
  expect([await soon('one', LARGE), await soon('one', UNKNOWN)]).toEqual([429, 429])
  expect([await soon('one', SMALL), await soon('two', LARGE)]).toEqual(['done', 'done'])
  underWay.push(long('two'), long('two'), long('three'), long('three'))
  expect([await soon('four', LARGE), await soon('four', SMALL)]).toEqual([429, 'done'])
  end('done')
  expect(await Promise.all(underWay)).toEqual(Array(6).fill('done'))
  expect([await soon('one', LARGE), await soon('four', UNKNOWN)]).toEqual(['done', 'done'])
})

test('a large request that fails makes room for the next', async () => {
  const bodies = new LargeBodies()
  for (let n = 0; n < 10; n++) {
    const failing = bodies.within('one', LARGE, () => Promise.reject(new Error('broken off')))
    await expect(failing).rejects.toThrow('broken off')
  }
})
