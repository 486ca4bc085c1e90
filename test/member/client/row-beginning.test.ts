import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { readRowBeginning } from '../../../member/client/row-beginning.ts'

const row = {
  id: 'c0ffee00-0000-4000-8000-000000000001',
  source_id: null,
  duration_ms: 7,
  summary: 'a "quoted" \\ text, [ { : }',
  created_at: '2026-07-01T10:00:00.123456Z',
  request_body: { id: 'another', created_at: 'another', list: [{ id: 'another' }, 'id', ':'] },
  seq: 12,
}
const plain = { ...row, request_body: undefined }

test('the plain fields of a whole row are read, and nothing deeper or in the next row', () => {
  expect(readRowBeginning(JSON.stringify([row, { id: 'next', other: 1 }]))).toEqual(plain)
  expect(readRowBeginning(JSON.stringify([row], null, 2))).toEqual(plain)
})

test('wherever a row is cut, what is read is what the row says', () => {
  const text = JSON.stringify([row])
  for (let length = 0; length <= text.length; length++) {
    for (const [key, value] of Object.entries(readRowBeginning(text.slice(0, length)))) {
      expect({ [key]: value }).toEqual({ [key]: plain[key as keyof typeof plain] })
    }
  }
})

test('a body that claims to be another row is ignored, whichever comes first', () => {
  const sorted = {
    created_at: row.created_at,
    request_body: { id: 'another' },
    text: '{"id":"another"',
    id: row.id,
  }
  expect(readRowBeginning(JSON.stringify([sorted]))).toMatchObject({ id: row.id })
  expect(readRowBeginning(JSON.stringify([sorted]).slice(0, -10)).id).toBeUndefined()
})

test('any text is read without an error, even one of brackets or escapes alone', () => {
  for (const text of ['['.repeat(65_536), `[{"id":"${'\\u0000'.repeat(20_000)}`, '', 'x', ']', '[{,:,']) {
    expect(readRowBeginning(text)).toEqual({})
  }
  fc.assert(
    fc.property(fc.json(), fc.nat(200), (json, cut) => void readRowBeginning(`[${json.slice(0, cut)}`)),
  )
})
