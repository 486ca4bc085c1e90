import { describe, expect, test } from 'bun:test'
import type { Erasure, Evidence, Message, Showing } from '../../lab/judge/evidence.ts'
import { judge } from '../../lab/judge/judge.ts'

const message = (name: string, more: Partial<Message> = {}): Message => ({
  workspaceId: 'w',
  activityId: `id of ${name}`,
  name,
  duty: 'required',
  ordered: true,
  ...more,
})

/** Numbered in the order given. */
const showings = (...all: readonly Omit<Showing, 'order'>[]): readonly Showing[] =>
  all.map((showing, order) => ({ ...showing, order }))

const shown = (name: string, session: number, more: Partial<Showing> = {}): Omit<Showing, 'order'> => ({
  workspaceId: 'w',
  activityId: `id of ${name}`,
  name,
  session,
  redelivered: false,
  ...more,
})

const MARKED = { redelivered: true }
const THREE = ['a', 'b', 'c'].map((name) => message(name))

function kindsOf(written: readonly Showing[], more: Partial<Evidence> = {}): readonly string[] {
  return judge({ messages: THREE, written, ...more }).faults.map(({ kind }) => kind)
}

test('a run in which every message is shown, some again with the mark in a later session, has no fault', () => {
  const written = showings(shown('a', 1), shown('b', 1), shown('b', 2, MARKED), shown('c', 2, MARKED))
  const accepted = ['a', 'b', 'c']
  expect(judge({ messages: THREE, written, accepted })).toEqual({ faults: [], shown: 3, kept: 0, marked: 2 })
})

describe('lost is', () => {
  const withoutB = showings(shown('a', 1), shown('c', 1))

  test('a message that must be shown and was not', () => {
    expect(judge({ messages: THREE, written: withoutB }).faults).toEqual([
      { kind: 'lost', text: 'b (id of b) was never shown' },
    ])
  })

  test('a message that was written and that no host read', () => {
    const written = showings(shown('a', 1), shown('b', 1), shown('c', 1))
    expect(kindsOf(written, { read: withoutB })).toEqual(['lost'])
  })

  test('no message that the inbox keeps after three attempts, but one with attempts left', () => {
    const recordOf = (state: string, attempts: number) => () => ({ state, attempts })
    const kept = judge({ messages: THREE, written: withoutB, recordOf: recordOf('sent', 3) })
    expect(kept).toMatchObject({ faults: [], kept: 1 })
    expect(kindsOf(withoutB, { recordOf: recordOf('sent', 2) })).toEqual(['lost'])
    expect(kindsOf(withoutB, { recordOf: recordOf('confirmed', 3) })).toEqual(['lost'])
    const deaf = () => ({ state: 'sent', attempts: 3, unseen: 1 })
    expect(kindsOf(withoutB, { recordOf: deaf })).toEqual(['lost'])
  })

  test('no message that may be shown and need not be', () => {
    const messages = THREE.map((one) => (one.name === 'b' ? message('b', { duty: 'allowed' }) : one))
    expect(kindsOf(withoutB, { messages })).toEqual([])
  })

  test('a message that the platform accepted and does not have', () => {
    const { faults } = judge({ messages: [], written: [], accepted: ['a'] })
    expect(faults).toEqual([{ kind: 'lost', text: 'the platform accepted a and does not have it' }])
  })

  test('a message that still waits at the end', () => {
    expect(kindsOf([], { messages: [], waiting: new Map([['w', 1]]) })).toEqual(['lost'])
    expect(kindsOf([], { messages: [], waiting: new Map([['w', 0]]) })).toEqual([])
  })
})

describe('a repeat is a fault', () => {
  const messages = [message('a')]
  const twice = (more: Partial<Showing> = {}) => showings(shown('a', 1), shown('a', 2, more))
  const erasure = (more: Partial<Erasure> = {}): Erasure => ({
    workspaceId: 'w',
    activityId: 'id of a',
    order: 1,
    before: { state: 'sent', attempts: 1 },
    after: undefined,
    ...more,
  })

  test('without the mark', () => {
    expect(kindsOf(twice(), { messages })).toEqual(['unmarked repeat'])
    expect(kindsOf(twice(MARKED), { messages })).toEqual([])
  })

  test('within one session, even with the mark', () => {
    const written = showings(shown('a', 1), shown('a', 1, MARKED))
    expect(kindsOf(written, { messages })).toEqual(['repeat within a session'])
  })

  test('after its receipt, even with the mark', () => {
    const receiptAfter = (order: number) => [{ workspaceId: 'w', activityId: 'id of a', order }]
    expect(kindsOf(twice(MARKED), { messages, receipts: receiptAfter(1) })).toEqual([
      'repeat after a receipt',
    ])
    expect(kindsOf(twice(MARKED), { messages, receipts: receiptAfter(2) })).toEqual([])
  })

  test('when it is the twenty-fourth showing', () => {
    const times = (count: number) =>
      showings(
        ...Array.from({ length: count }, (_, session) => shown('a', session, { redelivered: session > 0 })),
      )
    expect(kindsOf(times(23), { messages })).toEqual([])
    expect(kindsOf(times(24), { messages })).toEqual(['endless repeat'])
    expect(kindsOf(times(24), { messages, erasures: [erasure()] })).toEqual([])
  })

  test('without the mark, unless a power cut between the two erased every record of the first', () => {
    expect(kindsOf(twice(), { messages, erasures: [erasure()] })).toEqual([])
    expect(kindsOf(twice(), { messages, erasures: [erasure({ order: 0 })] })).toEqual(['unmarked repeat'])
    expect(kindsOf(twice(), { messages, erasures: [erasure({ order: 2 })] })).toEqual(['unmarked repeat'])
    const after = { state: 'sending', attempts: 1 }
    expect(kindsOf(twice(), { messages, erasures: [erasure({ after })] })).toEqual(['unmarked repeat'])
  })

  test('after its receipt, unless a power cut between the two erased the receipt', () => {
    const receipts = [{ workspaceId: 'w', activityId: 'id of a', order: 1 }]
    const after = { state: 'sent', attempts: 1 }
    expect(kindsOf(twice(MARKED), { messages, receipts, erasures: [erasure({ after })] })).toEqual([])
    const still = { state: 'confirmed', attempts: 1 }
    expect(kindsOf(twice(MARKED), { messages, receipts, erasures: [erasure({ after: still })] })).toEqual([
      'repeat after a receipt',
    ])
  })
})

describe('out of order is', () => {
  test('a message first shown after a later one of its workspace', () => {
    const written = showings(shown('b', 1), shown('a', 1), shown('c', 1))
    expect(judge({ messages: THREE, written }).faults).toEqual([
      { kind: 'out of order', text: 'a was first shown after b' },
    ])
  })

  test('no repeat of an earlier message', () => {
    expect(kindsOf(showings(shown('a', 1), shown('b', 1), shown('a', 2, MARKED), shown('c', 2)))).toEqual([])
  })

  test('no message of another workspace', () => {
    const messages = [message('a'), message('b', { workspaceId: 'v' })]
    expect(kindsOf(showings(shown('b', 1, { workspaceId: 'v' }), shown('a', 1)), { messages })).toEqual([])
  })

  test('no message that the platform itself shows out of order', () => {
    const messages = [message('a', { ordered: false }), message('b')]
    expect(kindsOf(showings(shown('b', 1), shown('a', 1)), { messages })).toEqual([])
  })
})

describe('unexpected is', () => {
  const all = [shown('a', 1), shown('b', 1), shown('c', 1)]

  test('an event under an id that the platform does not have', () => {
    expect(kindsOf(showings(...all, shown('d', 1)))).toEqual(['unexpected'])
    expect(kindsOf(showings(...all, shown('a', 1, { workspaceId: 'v' })))).toEqual(['unexpected'])
  })

  test('a message under the id of another', () => {
    const written = showings(shown('a', 1), shown('a', 1, { activityId: 'id of b' }), shown('c', 1))
    expect(kindsOf(written)).toEqual(['unexpected'])
  })

  test('a message that must not be shown, said once however often it was', () => {
    const messages = [...THREE, message('d', { duty: 'forbidden' })]
    expect(kindsOf(showings(...all, shown('d', 1), shown('d', 2, MARKED)), { messages })).toEqual([
      'unexpected',
    ])
  })

  test('a message that the platform stored twice', () => {
    const messages = [...THREE, message('c', { activityId: 'another id of c', duty: 'allowed' })]
    expect(kindsOf(showings(...all), { messages })).toEqual(['unexpected'])
  })
})
