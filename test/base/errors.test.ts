import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { codeOf, describeError } from '../../base/errors.ts'

test('describeError gives one short clean line, whatever was thrown', () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true }), (thrown) => {
      expect(describeError(thrown)).not.toMatch(/[\p{Cc}\u202e]/u)
    }),
  )
  expect(describeError(Object.create(null))).toBe('an error without a text')
  expect(describeError(new Error(`a\n\tb\u202e${'c'.repeat(500)}`)).length).toBeLessThanOrEqual(300)
})

test('codeOf gives the code of an error of the system, and nothing for anything else', () => {
  expect(codeOf(Object.assign(new Error('gone'), { code: 'ENOENT' }))).toBe('ENOENT')
  for (const thrown of [
    new Error('plain'),
    new DOMException('late', 'TimeoutError'),
    { code: 'ENOENT' },
    null,
  ]) {
    expect(codeOf(thrown)).toBeUndefined()
  }
})
