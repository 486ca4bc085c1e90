import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../lab/simulation/sim-clock.ts'
import { readInbound } from '../../member/client/inbound.ts'
import { Replies } from '../../runner/replies.ts'
import { MESSAGE } from '../fixtures/entries.ts'
import { makeWorkspace, type Network } from '../fixtures/workspace.ts'

const PEER = '11111111-1111-4111-8111-111111111111'
const HOUR_MS = 60 * 60_000
const taken = (): Response => Response.json({ status: 'queued' }, { status: 202 })
const broken = (): Response => new Response('no', { status: 500 })

/** Answers to messages of a peer, sent through a platform that answers as the test says. */
function scene(answers: { inbox: () => Response; peer: () => Response }) {
  const clock = new SimClock()
  const ids: string[] = []
  const bodies: string[] = []
  const network: Network = (url, { body }) => {
    if (!url.pathname.endsWith('/a2a')) return answers.inbox()
    bodies.push(String(body))
    ids.push(/"messageId":"([^"]+)/.exec(String(body))?.[1] ?? '')
    return answers.peer()
  }
  const replies = new Replies(makeWorkspace({ clock, network }))
  const content = JSON.stringify({ ...MESSAGE, kind: 'peer_agent', peerId: PEER })
  const message = readInbound(content)
  if (message === undefined) throw new Error('not a message')
  return {
    clock,
    ids,
    bodies,
    send: (activityId: string, text = 'an answer') => {
      const outcome: { value?: string | undefined } = {}
      const sent = replies.send(activityId, message, { text }, 'answer')
      sent.then((value) => Object.assign(outcome, { value }))
      return outcome
    },
  }
}

test('an answer is sent without zero characters', () => {
  const { clock, bodies, send } = scene({ inbox: () => Response.json([]), peer: taken })
  send('a1', 'bin\0ary')
  clock.runUntil(clock.now() + 1_000)
  expect(bodies).toEqual([expect.stringContaining('"binary"')])
})

describe('an answer that its receiver does not take', () => {
  test('is given up within a minute while the platform works, and the next one to it at its first failure', () => {
    const { clock, ids, send } = scene({ inbox: () => Response.json([]), peer: broken })
    const first = send('a1')
    clock.runUntil(clock.now() + 60_000)
    expect(first.value).toContain('its sender does not take the answer: the platform answered 500')
    const tries = ids.length
    const second = send('a2')
    clock.runUntil(clock.now() + 5_000)
    expect(second.value).toContain('its sender does not take the answer')
    expect(ids.length - tries).toBeLessThan(tries / 2)
    expect(new Set(ids).size).toBe(2)
  })

  test.each([
    ['as long as the platform itself does not work', broken],
    [
      'while a proxy refuses everything, as before a platform that restarts',
      () => new Response('404 page not found', { status: 404 }),
    ],
  ])('waits %s, and is one message for its receiver', (_, failing) => {
    const answers = { inbox: failing, peer: failing }
    const { clock, ids, send } = scene(answers)
    const outcome = send('a1')
    clock.runUntil(clock.now() + HOUR_MS)
    expect(outcome).toEqual({})
    answers.inbox = () => Response.json([])
    answers.peer = taken
    clock.runUntil(clock.now() + 60_000)
    expect(outcome).toEqual({ value: undefined })
    expect(new Set(ids).size).toBe(1)
  })

  test('waits as long as the platform asks to', () => {
    const busy = () => new Response('', { status: 429, headers: { 'Retry-After': '5' } })
    const { clock, send } = scene({ inbox: () => Response.json([]), peer: busy })
    const outcome = send('a1')
    clock.runUntil(clock.now() + HOUR_MS)
    expect(outcome).toEqual({})
  })

  test('is given up within seconds when a platform that works refuses it', () => {
    const refused = () => Response.json({ error: 'not your peer' }, { status: 403 })
    const { clock, ids, send } = scene({ inbox: () => Response.json([]), peer: refused })
    const outcome = send('a1')
    clock.runUntil(clock.now() + 5_000)
    expect(outcome.value).toContain(
      'the platform refused the answer: the platform answered 403 not your peer',
    )
    expect(ids).toHaveLength(3)
  })

  test.each([
    ['fails', broken],
    ['refuses', () => new Response('', { status: 404 })],
  ])(
    'arrives if the platform, which %s, works again just before it is asked whether it does',
    (_, failing) => {
      const answers = {
        peer: failing,
        inbox: () => {
          answers.peer = taken
          return Response.json([])
        },
      }
      const { clock, send } = scene(answers)
      const outcome = send('a1')
      clock.runUntil(clock.now() + 60_000)
      expect(answers.peer).toBe(taken)
      expect(outcome).toEqual({ value: undefined })
    },
  )
})
