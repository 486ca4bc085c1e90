import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { readArguments, readObject } from '../../../../plugin/host/tools/given-arguments.ts'
import { TOOLS } from '../../../../plugin/host/tools/registry.ts'
import { OWN_ID, PEER_ID, startLyingPlatform, TOKEN } from '../../../fixtures/lying-platform.ts'
import { startBench } from '../../../fixtures/tool-context.ts'

const input = z.strictObject({
  list: z.array(z.string()).optional(),
  number: z.number().default(0),
  flag: z.boolean().optional(),
  word: z.enum(['LOCAL', 'TEAM']).optional(),
  text: z.string().min(1),
  note: z.string().optional(),
})
const schema = z.toJSONSchema(input, { io: 'input' })
const read = (given: unknown) => readArguments(given, schema)

describe('an argument is taken for what it plainly is', () => {
  test.each([
    ['a list as JSON text', { list: '["/a", "/b"]' }, { list: ['/a', '/b'] }],
    ['a list as JSON text within JSON text', { list: JSON.stringify('["/a"]') }, { list: ['/a'] }],
    ['the only entry of a list', { list: '/a, b.txt' }, { list: ['/a, b.txt'] }],
    ['the only entry of a list as JSON text', { list: '"/a b.txt"' }, { list: ['/a b.txt'] }],
    ['a number as text', { number: ' 1.5 ' }, { number: 1.5 }],
    ['true and false in any case', { flag: 'True' }, { flag: true }],
    ['a word in another case', { word: ' team' }, { word: 'TEAM' }],
    ['a number for a text', { text: 42, note: false }, { text: '42', note: 'false' }],
    ['null for what was left out', { list: null, number: null, text: null, other: null }, {}],
    ['null as JSON text, where no text is wanted', { list: 'null', number: 'null', flag: 'NULL' }, {}],
    ['a blank text for what was left out', { list: '', number: ' ', flag: '', word: '', note: ' \n' }, {}],
    ['all of them as one JSON text', '{"text": "x", "list": "[]"}', { text: 'x', list: [] }],
    ['none at all', null, {}],
    ['none at all, as JSON text', 'null', {}],
  ])('%s', (_what, given, expected) => {
    expect(read(given)).toEqual(expected)
  })

  test.each([
    [{ text: '["a"]', note: 'null' }],
    [{ text: '7', note: '{"a": 1}' }],
    [{ text: ' ' }],
    [{ list: '["a"', number: '30s', flag: 'maybe', word: 'EVERYONE' }],
    [{ list: '{"a": 1}', number: '[1]', flag: '1' }],
    [{ list: 7, number: true, flag: 1, word: {}, text: [] }],
    [{ other: '7' }],
  ])('and otherwise left as it is: %j', (given) => {
    expect(read(given)).toEqual(given)
  })

  test('and what is no object stays what it is', () => {
    for (const given of ['text', '[1]', 7, [], true]) expect(read(given)).toEqual(given)
    expect(readObject(undefined)).toEqual({})
  })

  test('and a key that names the prototype is a key like any other', () => {
    expect(Object.keys(Object(read('{"__proto__": {"text": "x"}}')))).toEqual(['__proto__'])
  })
})

/** A valid value for each argument of every tool. */
const VALUES: Readonly<Record<string, unknown>> = {
  array: ['a'],
  number: 1,
  integer: 1,
  boolean: true,
}

test('every argument of every tool may come as JSON text, and every optional one as null', () => {
  for (const { name, input: own } of TOOLS) {
    const json = z.toJSONSchema(own, { io: 'input' })
    for (const [argument, wanted] of Object.entries(json.properties ?? {})) {
      if (typeof wanted !== 'object') throw new Error(`${name}.${argument} has no schema`)
      const value = VALUES[String(wanted.type)]
      if (value !== undefined) {
        expect([name, readArguments({ [argument]: JSON.stringify(value) }, json)]).toEqual([
          name,
          { [argument]: value },
        ])
      }
      expect([name, readArguments({ [argument]: null }, json)]).toEqual([name, {}])
    }
  }
})

describe('a refusal tells one cause for each wrong argument', () => {
  test.each([
    ['send_message_to_user', { message: 'x', attachments: 7 }, 'attachments: must be a list, not 7'],
    [
      'send_message_to_user',
      { message: 'x', attachments: '["/tmp/plan.txt"' },
      'attachments: must be a list, not "["/tmp/plan.txt""',
    ],
    [
      'delegate_task',
      { workspace_id: PEER_ID, task: 'x', wait_seconds: 'ten' },
      'wait_seconds: must be a number, not "ten"',
    ],
    [
      'delegate_task',
      { workspace_id: PEER_ID, task: 'x', wait_seconds: '500' },
      'wait_seconds: must be at most 120, not 500',
    ],
    ['inbox', { show: 'new' }, 'show: must be unanswered or all or skipped, not "new"'],
    ['inbox', { since_hours: 0 }, 'since_hours: must be more than 0, not 0'],
    ['inbox', { oldest_first: 'maybe' }, 'oldest_first: must be true or false, not "maybe"'],
    ['commit_memory', { content: '' }, 'content: must not be empty'],
    ['commit_memory', { content: 'x', scope: 'ALL' }, 'scope: must be LOCAL or TEAM or GLOBAL, not "ALL"'],
    ['recall_memory', { scope: 'ALL' }, 'scope: must be LOCAL or TEAM or GLOBAL, not "ALL"'],
    ['reply_to_workspace', { text: 'x', Files: [], to: 1 }, 'arguments: Files, to are unknown'],
  ])('%s %j', async (name, args, cause) => {
    await using platform = startLyingPlatform(() => Response.json({}))
    using bench = startBench([{ platformUrl: platform.url, workspaceId: OWN_ID, token: TOKEN }])
    const { isError, text } = await bench.call(name, args)
    expect([isError, text]).toEqual([
      true,
      expect.stringContaining(`${name} was called with wrong arguments. ${cause}. It takes: `),
    ])
    expect(platform.seen).toHaveLength(0)
  })
})
