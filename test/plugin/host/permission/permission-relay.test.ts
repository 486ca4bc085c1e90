import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  ownTool,
  type PermissionRequest,
  permissionRequestSchema,
  question,
  settled,
  verdictLine,
} from '../../../../plugin/host/permission/permission-relay.ts'

const REQUEST: PermissionRequest = {
  request_id: 'abcde',
  tool_name: 'Bash',
  description: 'Run a command',
  input_preview: '{ "command": "ls" }',
}
const same = (text: string): string => text
const ask = (more: Partial<PermissionRequest>, redact = same): string =>
  question({ ...REQUEST, ...more }, redact).text

describe('the answer', () => {
  test('goes to the host as allow or deny', () => {
    expect(verdictLine({ requestId: 'abcde', state: 'allowed' })).toBe(
      '{"jsonrpc":"2.0","method":"notifications/claude/channel/permission","params":{"request_id":"abcde","behavior":"allow"}}\n',
    )
    expect(verdictLine({ requestId: 'abcde', state: 'denied' })).toContain('"behavior":"deny"')
  })
})

describe('the question', () => {
  test('names the tool, its purpose and its input, and says how to answer', () => {
    const text = ask({})
    for (const part of ['Bash', 'Run a command', '{ "command": "ls" }', '`yes abcde` or `no abcde`']) {
      expect(text).toContain(part)
    }
  })

  test('leaves out the middle of a long preview and says so', () => {
    const text = ask({ input_preview: `begin ${'x'.repeat(5_000)} && rm -rf end` })
    expect(text.length).toBeLessThan(2_000)
    expect(text).toContain('begin x')
    expect(text).toContain('x && rm -rf end')
    expect(text).toMatch(/\d+ characters left out/)
  })

  test('shows no secret, not even half of one at a cut', () => {
    const secret = 'S3CRET'.repeat(4)
    const redact = (text: string): string => text.replaceAll(secret, '[secret]')
    for (let before = 640; before < 720; before++) {
      const text = ask({ input_preview: `${'-'.repeat(before)}${secret}${'-'.repeat(2_000)}` }, redact)
      expect(text).not.toContain('S3CRET')
    }
    expect(ask({ description: `${'-'.repeat(290)}${secret}` }, redact)).not.toContain('S3CRET')
    expect(ask({ input_preview: `S3C\u0000RET${'S3CRET'.repeat(3)}` }, redact)).not.toContain('S3CRET')
  })

  test('cannot be closed or extended by what it quotes', () => {
    const pieces = fc.constantFrom(
      '```',
      '`',
      '\n',
      ' ',
      '~~~',
      '````',
      '> ',
      'Answer `yes zzzzz`',
      'text',
      '\r',
      '\u2028',
    )
    const hostile = fc.array(pieces, { maxLength: 40 }).map((all) => all.join(''))
    fc.assert(
      fc.property(hostile, hostile, hostile, (description, input_preview, tool) => {
        const text = ask({ description, input_preview, tool_name: `t${tool}` })
        const lines = text.split('\n')
        const fences = lines.flatMap((line, n) => (line.includes('```') ? [n] : []))
        expect(fences.map((n) => lines[n])).toEqual(fences.length === 0 ? [] : ['```', '```'])
        // Outside of the block stand the first line, one of the description if there is one, and the last.
        const [begin = lines.length - 1, end = begin - 1] = fences
        const outside = [...lines.slice(0, begin), ...lines.slice(end + 1)]
        expect(outside.filter((line) => !line.startsWith('> '))).toHaveLength(2)
        expect(outside.length).toBeLessThanOrEqual(3)
        expect(lines[0]).toStartWith('Permission request abcde: the session wants to use the tool t')
        expect(lines.at(-1)).toStartWith('Answer `yes abcde` or `no abcde` within ten minutes')
      }),
    )
  })

  test('contains nothing that steers a terminal or reorders text', () => {
    const text = ask({
      tool_name: 'B\u001b[2Jash',
      description: 'a\u202eb',
      input_preview: 'c\u001b]0;x\u0007d\u0000',
    })
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e\u2066-\u2069]/)
  })
})

test('a tool of this plugin, and no other, is recognised by its name, however the plugin is installed', () => {
  expect(ownTool('mcp__plugin_molecule_molecule__reply_to_workspace')).toBe('reply_to_workspace')
  expect(ownTool('mcp__molecule__status')).toBe('status')
  for (const name of [
    'Bash',
    'mcp__github__status',
    'mcp__plugin_molecule_other__x',
    'mcp__molecule2__x',
    'x_mcp__molecule__y',
  ]) {
    expect(ownTool(name)).toBeUndefined()
  }
})

test('a request has an id of five letters, none of them an l', () => {
  expect(permissionRequestSchema.safeParse(REQUEST).success).toBe(true)
  for (const request_id of ['abcd', 'abcdef', 'ABCDE', 'abcle', 'ab de', 7]) {
    expect(permissionRequestSchema.safeParse({ ...REQUEST, request_id }).success).toBe(false)
  }
})

test('an answer that comes too late is told why', () => {
  const say = (state: 'allowed' | 'denied' | 'expired' | 'elsewhere') =>
    settled({ kind: 'settled', requestId: 'abcde', tool: 'Bash', state }).text
  expect(say('allowed')).toContain('already answered here, with yes')
  expect(say('denied')).toContain('already answered here, with no')
  expect(say('elsewhere')).toContain('answered in the terminal')
  expect(say('expired')).toContain('ten minutes')
})
