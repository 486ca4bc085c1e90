import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ItemSieve } from '../../base/item-sieve.ts'

/** Sifts a text that comes in parts of these sizes. */
function sift(text: string, maxItemBytes: number, partBytes = 7): string {
  const sieve = new ItemSieve(maxItemBytes)
  const bytes = Buffer.from(text)
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += partBytes)
    parts.push(sieve.sift(bytes.subarray(at, at + partBytes)))
  return Buffer.concat([...parts, sieve.end()]).toString()
}

describe('a list is read item by item', () => {
  test('and the id of one that is too large is its own, not one within it', () => {
    const nested = { body: { id: 'other', list: [{ id: 'another' }] }, note: '"id":"quoted"', id: 'own' }
    expect(JSON.parse(sift(JSON.stringify([{ ...nested, content: 'x'.repeat(1_000) }]), 200))).toEqual([
      { oversized: true, id: 'own' },
    ])
  })

  test('and one that is too large leaves its id, and the others as they are', () => {
    const large = { id: 'm-2', content: 'x'.repeat(1_000), more: [{ id: 'other' }] }
    const list = [{ id: 'm-1', content: ']},{"[' }, large, { content: `"${'\\'}` }, 'text', 7, null]
    expect(JSON.parse(sift(JSON.stringify(list, null, 1), 200))).toEqual([
      list[0],
      { oversized: true, id: 'm-2' },
      ...list.slice(2),
    ])
    expect(JSON.parse(sift(JSON.stringify(['x'.repeat(999), 1]), 200))).toEqual([{ oversized: true }, 1])
  })

  test('whatever it holds, and wherever it is cut on its way', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.integer({ min: 1, max: 50 }), (list, partBytes) => {
        const text = JSON.stringify(list)
        expect(sift(text, 1_000_000, partBytes)).toBe(text)
        const sifted: unknown = JSON.parse(sift(text, 40, partBytes))
        expect(sifted).toEqual(
          JSON.parse(text).map((item: unknown) =>
            Buffer.byteLength(JSON.stringify(item)) > 40
              ? expect.objectContaining({ oversized: true })
              : item,
          ),
        )
      }),
    )
  })

  test('and what is no list stays as it is, unless it is too large', () => {
    for (const text of ['{"error":"no"}', '', 'a page', '"text"', '{"a":[1,2,{"b":"]"}]}']) {
      expect(sift(text, 1_000)).toBe(text)
    }
  })
})
