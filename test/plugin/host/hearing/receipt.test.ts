import { describe, expect, test } from 'bun:test'
import { readReceipt } from '../../../../plugin/host/hearing/receipt.ts'

const WORKSPACE = '7d0c1a52-0b1e-4a47-9d0e-0a2f5e3b9c11'
const ACTIVITY = '22222222-2222-4222-8222-222222222222'
const IDS = `kind="canvas_user" workspace_id="${WORKSPACE}" activity_id="${ACTIVITY}"`
const EXPECTED = { workspaceId: WORKSPACE, activityId: ACTIVITY }

describe('a receipt', () => {
  test('is read from one of our events', () => {
    const prompt = `<channel source="plugin:molecule:molecule" ${IDS} ts="x">\nhello\n</channel>`
    expect(readReceipt(prompt)).toEqual(EXPECTED)
    expect(readReceipt(`\n  ${prompt}`)).toEqual(EXPECTED)
  })

  test('is read however long the paths of files make the tag', () => {
    const files = Array.from({ length: 20 }, (_, n) => `attachment_${n}_path="/${'x'.repeat(4_000)}"`)
    const prompt = `<channel source="plugin:molecule:molecule" ${IDS} ${files.join(' ')}>\nhello`
    expect(readReceipt(prompt)).toEqual(EXPECTED)
  })

  test.each([
    ['typed text', 'hello'],
    ['an event of another plugin', `<channel source="plugin:telegram:molecule" ${IDS}>`],
    ['an event that is only quoted', `look: <channel source="plugin:molecule:molecule" ${IDS}>`],
    ['an event without ids', '<channel source="plugin:molecule:molecule" kind="canvas_user">'],
    ['an event with one id of two', `<channel source="plugin:molecule:molecule" activity_id="${ACTIVITY}">`],
    ['ids in the text', `<channel source="plugin:molecule:molecule">\n ${IDS}`],
    ['a truncated attribute', `<channel source="plugin:molecule:molecule" workspace_id="a" activity_id="b`],
    ['nothing', ''],
  ])('is not read from %s', (_what, prompt) => {
    expect(readReceipt(prompt)).toBeUndefined()
  })
})
