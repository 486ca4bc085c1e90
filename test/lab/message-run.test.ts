import { expect, test } from 'bun:test'
import type { EventParams } from '../../lab/driver/channel-event.ts'
import { MessageRun, sawLast } from '../../lab/driver/message-run.ts'

const CHARACTERS = 10

/** A run of two messages and the last one, and the event of each. */
async function threeMessages() {
  const texts: string[] = []
  const write = async (_workspaceId: string, text: string): Promise<void> => void texts.push(text)
  const run = new MessageRun({ write }, { id: 'w', token: '' })
  await run.write(2, CHARACTERS)
  await run.writeLast()
  const [one, two, last] = texts.map((content): EventParams => ({ content, meta: { workspace_id: 'w' } }))
  if (one === undefined || two === undefined || last === undefined) throw new Error('a message is missing')
  return { run, one, two, last }
}

const again = ({ content, meta }: EventParams): EventParams => ({
  content,
  meta: { ...meta, redelivered: 'true' },
})

test('a run shown in order, and repeated with the mark in the next session, has no fault', async () => {
  const { run, one, two, last } = await threeMessages()
  expect(run.judge([one, two], [again(two), last])).toEqual({ faults: [], shown: 3, kept: 0, marked: 1 })
  expect([sawLast([one, two]), sawLast([two, last])]).toEqual([false, true])
})

test('every kind of fault in a run is found', async () => {
  const { run, one, two, last } = await threeMessages()
  const kinds = (...sessions: readonly (readonly EventParams[])[]): readonly string[] =>
    run.judge(...sessions).faults.map(({ kind }) => kind)
  expect(kinds([one, last])).toEqual(['lost'])
  expect(kinds([one, two], [two, last])).toEqual(['unmarked repeat'])
  expect(kinds([one, two, again(two), last])).toEqual(['repeat within a session'])
  expect(kinds([two, one, last])).toEqual(['out of order'])
  expect(kinds([one, two, { content: 'a stranger', meta: {} }, last])).toEqual(['unexpected'])
})

test('of concurrent sessions, one may read its unmarked showing after another read the repeat', async () => {
  const { run, one, two, last } = await threeMessages()
  const kinds = (...sessions: readonly (readonly EventParams[])[]): readonly string[] =>
    run.judgeConcurrent(...sessions).faults.map(({ kind }) => kind)
  expect(kinds([again(two), last], [one, two])).toEqual([])
  expect(kinds([two, last], [one, two])).toEqual(['unmarked repeat'])
  expect(kinds([last], [one])).toEqual(['lost'])
})
