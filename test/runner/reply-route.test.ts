import { expect, test } from 'bun:test'
import { inboundSchema } from '../../member/client/inbound.ts'
import { answerId, routeOf } from '../../runner/reply-route.ts'
import { MESSAGE } from '../fixtures/entries.ts'

const peer = inboundSchema.parse({ ...MESSAGE, kind: 'peer_agent', peerId: 'peer', delegationId: 'task' })

test('an agent is answered with a message, and everyone else in the chat', () => {
  expect(routeOf('w', 'a', peer)).toMatchObject({ to: 'peer', peerId: 'peer' })
  for (const kind of ['canvas_user', 'external', 'scheduled'] as const) {
    expect(routeOf('w', 'a', { ...peer, kind, peerId: null })).toEqual({ to: 'person' })
  }
})

test('the answer to a message has the same id each time, and no other message has it', () => {
  expect(answerId('w', 'a')).toBe(answerId('w', 'a'))
  const others = [answerId('w', 'b'), answerId('v', 'a'), answerId('w', 'a', 'failure')]
  expect(new Set([answerId('w', 'a'), ...others]).size).toBe(4)
})

test('an answer names its conversation, also where the message named none', () => {
  const route = (contextId: string | null) => routeOf('w', 'a', { ...peer, contextId })
  expect(route('talk')).toMatchObject({ message: { contextId: 'talk', delegationId: 'task' } })
  expect(route(null)).toMatchObject({ message: { contextId: expect.stringMatching(/^[0-9a-f-]{36}$/) } })
  expect(route(null)).toEqual(route(null))
})
