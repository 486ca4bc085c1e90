import { describe, expect, test } from 'bun:test'
import { answerIn, errorIn } from '../../runner/backend/agent-output.ts'
import { BackendFailure } from '../../runner/backend/backend.ts'

const lines = (...events: readonly unknown[]): string =>
  events.map((event) => (typeof event === 'string' ? event : JSON.stringify(event))).join('\n')

const REFUSED = lines(
  { type: 'step_start', part: { type: 'step-start' } },
  { type: 'text', part: { text: 'Let me look.' } },
  { type: 'tool_use', part: { state: { status: 'error' } } },
  { type: 'step_finish', part: { reason: 'tool-calls' } },
)

describe('the events of an agent program', () => {
  test.each([
    [
      'gemini',
      lines(
        'Warning: no ripgrep',
        { type: 'init', model: 'auto' },
        { type: 'message', role: 'user', content: 'The question' },
        { type: 'message', role: 'assistant', content: 'Let me look.', delta: true },
        { type: 'tool_use', tool_name: 'list_directory' },
        { type: 'tool_result', status: 'success' },
        { type: 'message', role: 'assistant', content: 'Two ', delta: true },
        { type: 'message', role: 'assistant', content: 'files.\n', delta: true },
        { type: 'result', status: 'success' },
      ),
    ],
    [
      'opencode',
      lines(
        REFUSED,
        { type: 'step_start', part: { type: 'step-start' } },
        { type: 'text', part: { text: 'Two files.' } },
        { type: 'step_finish', part: { reason: 'stop' } },
      ),
    ],
  ])('hold the answer of %s after its last use of a tool', (_, output) => {
    expect(answerIn(output)).toBe('Two files.')
  })

  test('hold no answer where it ended after a refused tool, and another try would end there, too', () => {
    expect(() => answerIn(REFUSED)).toThrow(BackendFailure)
    expect(() => answerIn(REFUSED)).toThrow(expect.objectContaining({ isFinal: true }))
  })

  test.each([['nothing'], [''], [lines({ type: 'message', role: 'assistant', content: 'cut off' })]])(
    'hold no answer where its end is missing: %j',
    (output) => {
      expect(() => answerIn(output)).toThrow('none of the events that end its work')
    },
  )

  test.each([
    ['gemini', { type: 'result', status: 'error', error: { type: 'unknown', message: 'bad key' } }],
    ['opencode', { type: 'error', error: { name: 'APIError', data: { message: 'bad key' } } }],
  ])('say why %s failed', (_, event) => {
    expect(errorIn(lines({ type: 'init' }, event))).toBe('bad key')
    expect(errorIn('no event')).toBeUndefined()
  })
})
