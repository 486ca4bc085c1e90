import { describe, expect, test } from 'bun:test'
import type { SimRequest } from '../../../lab/simulation/platform/request.ts'
import { HOSTS } from '../../../lab/simulation/sim-process.ts'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { begin, MINUTE_MS, reply, SECOND_MS } from '../../fixtures/answering-peer.ts'
import { PEER, type SceneProcess, SessionScene } from '../../fixtures/session-scene.ts'

const MESSAGE = { peer_id: PEER, text: 'which version\nis deployed?' }
const LATE = { afterMs: 8 * SECOND_MS }

/** The one event, as the inbox shows it. */
function told(process: SceneProcess): string {
  expect(process.events).toEqual([expect.objectContaining({ kind: 'peer_agent', peer_id: PEER })])
  return process.call('inbox', { activity_id: String(process.events[0]?.activity_id) })
}

describe('the answer to a message that gives no task', () => {
  const kept = (text: string) =>
    jsonResponse(200, { status: 'completed', response_body: JSON.stringify(reply(text)) })

  test('is found by the next session where the platform keeps it', () => {
    let queue = () => jsonResponse(200, { status: 'dispatched' })
    const { scene, process } = begin([reply('1.4')], { ...LATE, queue: () => queue() })
    using _ = scene
    process.begin('reply_to_workspace', MESSAGE)
    scene.pass(4 * SECOND_MS)
    process.kill()
    const next = scene.start()
    scene.pass(30 * SECOND_MS)
    expect(next.events).toEqual([])
    queue = () => kept('1.4')
    scene.until('the answer', () => next.events.length > 0)
    expect(told(next)).toContain('1.4')
    const asked = scene.sent('queue').length
    scene.pass(30 * MINUTE_MS)
    expect([next.events.length, scene.sent('queue').length, scene.sent('a2a').length]).toEqual([1, asked, 1])
  })

  test('is reported lost if the platform keeps nothing, once no session can still wait for it', () => {
    const { scene, process } = begin([reply('1.4')], LATE)
    using _ = scene
    process.begin('reply_to_workspace', MESSAGE)
    scene.pass(4 * SECOND_MS)
    process.kill()
    const next = scene.start()
    scene.pass(10 * MINUTE_MS)
    expect(next.events).toEqual([])
    scene.until('the report', () => next.events.length > 0, 3 * MINUTE_MS)
    expect(told(next)).toContain(
      '[About your message "which version is deployed?": If the peer answered it, that answer is lost',
    )
    const asked = scene.sent('queue').length
    scene.pass(30 * MINUTE_MS)
    expect([next.events.length, scene.sent('queue').length]).toEqual([1, asked])
  })

  test('is reported lost if the platform refuses to say anything about it', () => {
    const queue = () => jsonResponse(403, { error: 'not authorized' })
    const { scene, process } = begin([reply('1.4')], { ...LATE, queue })
    using _ = scene
    process.begin('reply_to_workspace', MESSAGE)
    scene.pass(4 * SECOND_MS)
    process.kill()
    scene.pass(15 * MINUTE_MS)
    const next = scene.start()
    scene.until('the report', () => next.events.length > 0)
    expect(told(next)).toContain('that answer is lost')
  })

  test('is found in the queue of the platform, where the message of a busy peer waits', () => {
    const item = crypto.randomUUID()
    let isThere = false
    const queue = ({ url }: SimRequest) => {
      if (!url.endsWith(`/queue/${item}`)) return jsonResponse(404, { error: 'queue item not found' })
      return isThere ? kept('1.4') : jsonResponse(200, { status: 'queued' })
    }
    const { scene, process } = begin([{ queued: true, queue_id: item }], { queue })
    using _ = scene
    expect(process.call('reply_to_workspace', MESSAGE)).toContain('Delivered')
    scene.pass(30 * SECOND_MS)
    isThere = true
    scene.until('the answer', () => process.events.length > 0)
    expect(told(process)).toContain('1.4')
  })

  test('is no longer asked for, which is told, when the peer has been busy for a day', () => {
    const queue = () => jsonResponse(200, { status: 'queued' })
    const { scene, process } = begin([{ queued: true, queue_id: crypto.randomUUID() }], { queue })
    using _ = scene
    process.call('reply_to_workspace', MESSAGE)
    scene.pass(5 * MINUTE_MS)
    expect(process.events).toEqual([])
    process.kill()
    scene.pass(24 * 60 * MINUTE_MS)
    const next = scene.start()
    scene.until('the report', () => next.events.length > 0)
    expect(told(next)).toContain('its answer is no longer asked for')
  })

  test('is found by inbox where no session receives, also after the session that asked', () => {
    let queue = () => jsonResponse(200, { status: 'dispatched' })
    const options = { ...LATE, kind: HOSTS.another, queue: () => queue() }
    const { scene, process } = begin([reply('1.4')], options)
    using _ = scene
    process.begin('reply_to_workspace', MESSAGE)
    scene.pass(4 * SECOND_MS)
    process.kill()
    const next = scene.start(HOSTS.another)
    scene.pass(30 * SECOND_MS)
    expect(next.call('inbox')).toContain('Nothing is unanswered')
    queue = () => kept('1.4')
    expect(next.call('inbox', { wait_seconds: 30 })).toMatch(/peer_agent [\s\S]*\n {2}1\.4$/)
    const asked = scene.sent('queue').length
    scene.pass(15 * MINUTE_MS)
    expect(next.call('inbox')).toStartWith('1 message:')
    expect(scene.sent('queue').length).toBe(asked)
  })

  test('is not looked for once it was told, nor where the peer fetches its messages itself', () => {
    for (const answer of [reply('1.4'), { status: 'queued', delivery_mode: 'poll', queue_id: null }]) {
      const { scene, process } = begin([answer])
      using _ = scene
      process.call('reply_to_workspace', MESSAGE)
      process.kill()
      const next = scene.start()
      scene.pass(15 * MINUTE_MS)
      expect([next.events.length, scene.sent('queue').length]).toEqual([0, 0])
    }
  })

  test('is told as a failure by its call if the message surely did not arrive, and by an event if the call has ended', () => {
    for (const isEarly of [false, true]) {
      using scene = new SessionScene()
      scene.answer = ({ route }) => {
        if (route !== 'a2a') return undefined
        return new Promise((resolve) => {
          scene.clock.after(8 * SECOND_MS, () => resolve(jsonResponse(503, { restarting: true })))
        })
      }
      const process = scene.start()
      scene.pass(SECOND_MS)
      const call = process.begin('reply_to_workspace', MESSAGE)
      scene.pass(4 * SECOND_MS)
      if (isEarly) call.giveUp()
      scene.pass(5 * MINUTE_MS)
      if (isEarly) expect(told(process)).toContain('The message never reached the peer')
      else expect([call.text, process.events.length]).toEqual([expect.stringContaining('503'), 0])
      scene.pass(15 * MINUTE_MS)
      expect(process.events).toHaveLength(isEarly ? 1 : 0)
    }
  })

  test('is lost in silence only while the ledger cannot be written, which the log says, and the message leaves', () => {
    const { scene, process } = begin([reply('1.4')], LATE)
    using _ = scene
    scene.isFull = true
    const call = process.begin('reply_to_workspace', MESSAGE)
    scene.until('the result', () => call.text !== undefined, 20 * SECOND_MS)
    expect(call.text).toEndWith('1.4')
    expect(process.log.join('\n')).toContain('its answer is lost if this session ends first')
    scene.isFull = false
    scene.pass(30 * MINUTE_MS)
    expect(process.events).toEqual([])
  })
})
