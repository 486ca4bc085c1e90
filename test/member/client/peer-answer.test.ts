import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { readPeerAnswer, standingOf, TASK_STATES } from '../../../member/client/peer-answer.ts'

const PROMPT = { role: 'user', parts: [{ kind: 'text', text: 'our own prompt' }] }
const saying = (text: string) => ({ role: 'agent', parts: [{ kind: 'text', text }] })
const task = (state: unknown, more: object = {}) => ({
  kind: 'task',
  id: 'k1',
  contextId: 'c1',
  status: { state },
  history: [PROMPT],
  ...more,
})

describe('the state of a task', () => {
  test('is read as A2A 0.3 and 1.0 write it, wrapped or not', () => {
    for (const state of TASK_STATES) {
      const newer = `TASK_STATE_${state.toUpperCase().replaceAll('-', '_')}`
      for (const word of [state, newer]) {
        const one = task(word, { status: { state: word, message: saying('so it is') } })
        for (const result of [one, { task: { ...one, kind: undefined } }]) {
          expect(readPeerAnswer(result)).toMatchObject({
            state,
            text: 'so it is',
            taskId: 'k1',
            contextId: 'c1',
          })
        }
      }
    }
  })

  test('is unknown when it is a word of no version, or missing', () => {
    for (const state of ['done', 'TASK_STATE_UNSPECIFIED', 7, null, undefined]) {
      expect(readPeerAnswer(task(state)).state).toBe('unknown')
    }
    expect(readPeerAnswer({ kind: 'task', id: 'k1' }).state).toBe('unknown')
    expect(readPeerAnswer(task('TASK_STATE_CANCELLED')).state).toBe('canceled')
  })

  test('is absent for a message, which is an answer', () => {
    for (const result of ['done', { kind: 'message', ...saying('done') }, { message: saying('done') }]) {
      expect(readPeerAnswer(result)).toMatchObject({ state: null, text: 'done' })
    }
  })

  test('says whether the task is done, failed, waits for us or is in progress', () => {
    expect(TASK_STATES.map((state) => `${state}: ${standingOf(state)}`)).toEqual([
      'submitted: open',
      'working: open',
      'input-required: asks',
      'auth-required: asks',
      'completed: completed',
      'failed: failed',
      'rejected: failed',
      'canceled: failed',
      'unknown: open',
    ])
  })
})

describe('the words of a task', () => {
  const textOf = (more: object) => readPeerAnswer(task('completed', more)).text

  test('are its artifacts and its status, without repeats', () => {
    const status = { state: 'completed', message: saying('All green.') }
    expect(textOf({ artifacts: [{ parts: [{ text: '12 tests' }] }], status })).toBe('12 tests\n\nAll green.')
    expect(textOf({ artifacts: [saying('All green.')], status })).toBe('All green.')
  })

  test('of an artifact in chunks are joined without a break', () => {
    const chunks = ['The bui', 'ld is ', 'green.'].map((text) => ({ artifactId: 'a', parts: [{ text }] }))
    expect(textOf({ artifacts: chunks })).toBe('The build is green.')
    expect(textOf({ artifacts: [{ artifactId: 'a', parts: chunks.flatMap(({ parts }) => parts) }] })).toBe(
      'The build is green.',
    )
  })

  test('are never our own prompt: the history counts only for the agent’s last message, and only if nothing else is there', () => {
    expect(textOf({})).toBe('')
    expect(textOf({ history: [saying('a first try'), PROMPT, saying('done'), PROMPT] })).toBe('done')
    expect(
      textOf({
        history: [
          { ...saying('done'), role: 'ROLE_AGENT' },
          { ...PROMPT, role: 'ROLE_USER' },
        ],
      }),
    ).toBe('done')
    expect(textOf({ artifacts: [saying('done')], history: [saying('on it')] })).toBe('done')
  })
})

test('artifacts of every kind arrive: text, data, a file inside and a file elsewhere', () => {
  const { text, attachments } = readPeerAnswer({
    task: {
      id: 'k1',
      status: { state: 'TASK_STATE_COMPLETED' },
      artifacts: [
        { artifactId: 'a', parts: [{ text: 'The report:' }, { data: { passed: 12 } }] },
        { artifactId: 'b', parts: [{ raw: 'aGk=', mediaType: 'text/plain', filename: 'hi.txt' }] },
        { artifactId: 'c', parts: [{ kind: 'file', file: { uri: 'https://x.example/plan.pdf' } }] },
      ],
    },
  })
  expect(text).toBe('The report:\n{"passed":12}')
  expect(attachments).toMatchObject([
    { name: 'hi.txt', base64: 'aGk=', mimeType: 'text/plain' },
    { name: 'plan.pdf', uri: 'https://x.example/plan.pdf' },
  ])
})

/** A value that counts each look at a field or an item of it, and of what is in it. */
function watched(value: unknown): { readonly value: unknown; readonly looks: () => number } {
  let looks = 0
  const watch = (one: unknown): unknown => {
    if (typeof one !== 'object' || one === null) return one
    return new Proxy(one, {
      get(target, key) {
        looks++
        return watch(Reflect.get(target, key))
      },
      has(target, key) {
        looks++
        return Reflect.has(target, key)
      },
      ownKeys(target) {
        const keys = Reflect.ownKeys(target)
        looks += keys.length
        return keys
      },
    })
  }
  return { value: watch(value), looks: () => looks }
}

describe('an answer that is meant to take long costs few looks at what is in it', () => {
  const nested = `{"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
  const many = (count: number, item: (index: number) => unknown) =>
    Array.from({ length: count }, (_, i) => item(i))
  const keys = Object.fromEntries(many(200_000, (i) => [`k${i}`, 1]) as [string, number][])

  test.each([
    [
      'an artifact in 40,000 chunks',
      400_000,
      task('completed', { artifacts: many(40_000, () => chunk('x')) }),
    ],
    ['100,000 artifacts without parts', 400_000, task('completed', { artifacts: many(100_000, () => ({})) })],
    [
      'data that nests 100,000 deep, ten times',
      20_000,
      JSON.parse(`{"parts":[${Array(10).fill(nested)}]}`) as object,
    ],
    [
      '320,000 files in 1,600 artifacts',
      400_000,
      task('completed', {
        artifacts: many(1_600, () => ({ parts: many(200, () => ({ url: 'https://x/y' })) })),
      }),
    ],
    ['a history of 200,000 messages', 600_000, task('completed', { history: many(200_000, () => PROMPT) })],
    ['200,000 fields on every level', 100, { task: { ...keys, status: { ...keys, state: 'completed' } } }],
    ['200,000 fields in a part', 100, { parts: [{ ...keys, text: 'x' }] }],
    ['a message of 200,000 parts', 400_000, { parts: many(200_000, () => ({ text: 'x' })) }],
  ])('%s', (_, most, result) => {
    const { value, looks } = watched(result)
    readPeerAnswer(value)
    expect(looks()).toBeWithin(1, most)
  })
})

describe('the parts of a task are bounded in total', () => {
  test('over all chunks of an artifact', () => {
    const { text } = readPeerAnswer(task('completed', { artifacts: Array(10_003).fill(chunk('x')) }))
    expect(text).toBe(`${'x'.repeat(10_000)}\n\n[3 more artifacts or pieces of one cannot be shown]`)
  })

  test('over all artifacts, whose files are counted in words', () => {
    const artifact = { parts: Array(200).fill({ url: 'https://f.example/a' }) }
    const { text, attachments } = readPeerAnswer(
      task('completed', { artifacts: Array.from({ length: 100 }, () => ({ ...artifact })) }),
    )
    expect(attachments).toHaveLength(20)
    expect(text).toContain('[9980 more files cannot be shown]')
    expect(text).toContain('[50 more artifacts or pieces of one cannot be shown]')
  })
})

function chunk(text: string): object {
  return { artifactId: 'a', parts: [{ text }] }
}

test('no result makes it throw', () => {
  fc.assert(fc.property(fc.anything(), (result) => void readPeerAnswer(result)))
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      readPeerAnswer({ task: value })
      readPeerAnswer({ message: value })
      readPeerAnswer({ kind: 'task', status: value, artifacts: value, history: value, id: value })
    }),
  )
})
