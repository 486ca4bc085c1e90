import { expect, test } from 'bun:test'
import { Conversations, MAX_ANSWERS } from '../../runner/conversations.ts'

const MINUTE_MS = 60_000
const of = (peerId: string | null, contextId: string | null) => ({ peerId, contextId })

test('two that answer each other are a loop after twenty answers within a minute, until it is over', () => {
  const conversations = new Conversations()
  for (let n = 0; n < MAX_ANSWERS; n++) {
    expect(conversations.isLoop(of('peer', 'talk'), n)).toBe(false)
    conversations.answered(of('peer', 'talk'), n)
  }
  expect(conversations.isLoop(of('peer', 'talk'), MAX_ANSWERS)).toBe(true)
  expect(conversations.isLoop(of('peer', 'another'), MAX_ANSWERS)).toBe(false)
  expect(conversations.isLoop(of('another', 'talk'), MAX_ANSWERS)).toBe(false)
  expect(conversations.isLoop(of('peer', 'talk'), MINUTE_MS)).toBe(false)
})

test('a message that opens a conversation is never part of a loop, however many come', () => {
  const conversations = new Conversations()
  for (const message of [of('peer', null), of(null, 'canvas')]) {
    for (let n = 0; n < 100; n++) conversations.answered(message, n)
    expect(conversations.isLoop(message, 100)).toBe(false)
  }
})
