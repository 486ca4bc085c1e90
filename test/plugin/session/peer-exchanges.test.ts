import { describe, expect, test } from 'bun:test'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { begin, MINUTE_MS, reply, SECOND_MS, TASK, taskOf } from '../../fixtures/answering-peer.ts'
import { FIRST, PEER, SessionScene } from '../../fixtures/session-scene.ts'

describe('an answer that comes after its call ended', () => {
  test('arrives as a result when the user cancels the call', () => {
    const { scene, process } = begin([reply('done')], { afterMs: 8 * SECOND_MS })
    using _ = scene
    const call = process.begin('delegate_task', TASK)
    scene.pass(4 * SECOND_MS)
    call.giveUp()
    expect(scene.until('the result', () => process.events.length > 0)).toBeLessThan(4_500)
    const { id } = taskOf(process)
    expect(process.events).toEqual([
      expect.objectContaining({ kind: 'delegation_result', delegation_id: id, peer_id: PEER }),
    ])
    expect(process.events[0]?.redelivered).toBeUndefined()
    expect(process.call('check_task_status', { task_id: id })).toEndWith('done')
    scene.pass(5 * MINUTE_MS)
    expect([call.text, process.events.length]).toEqual([undefined, 1])
  })

  test('arrives as a result when the call ended by itself, before a client’s minute was over', () => {
    const { scene, process } = begin([reply('done')], { afterMs: 3 * MINUTE_MS })
    using _ = scene
    const call = process.begin('delegate_task', TASK)
    scene.until('the result of the call', () => call.text !== undefined, 59 * SECOND_MS)
    expect(call.text).toContain('has not answered yet')
    expect(scene.until('the result', () => process.events.length > 0, 5 * MINUTE_MS)).toBeGreaterThan(
      MINUTE_MS,
    )
    expect(process.events[0]).toMatchObject({ kind: 'delegation_result', delegation_id: taskOf(process).id })
  })

  test('arrives as a message when it answers a reply', () => {
    const { scene, process } = begin([reply('thank you')], { afterMs: 8 * SECOND_MS })
    using _ = scene
    const call = process.begin('reply_to_workspace', { peer_id: PEER, text: 'done' })
    scene.pass(SECOND_MS)
    call.giveUp()
    scene.until('the message', () => process.events.length > 0)
    expect(process.events[0]).toMatchObject({ kind: 'peer_agent', peer_id: PEER })
  })

  test('arrives as a result when the platform carries the task out, and took it only then', () => {
    using scene = new SessionScene()
    const id = 'a5c00000-0000-4000-8000-000000000001'
    scene.answer = ({ route }) => {
      if (route === 'delegations') {
        return jsonResponse(200, [
          { delegation_id: id, source_id: FIRST, status: 'completed', response_preview: 'done' },
        ])
      }
      if (route !== 'delegate') return undefined
      return new Promise((resolve) => {
        scene.clock.after(3 * SECOND_MS, () => resolve(jsonResponse(202, { delegation_id: id })))
      })
    }
    const process = scene.start()
    scene.pass(SECOND_MS)
    const call = process.begin('delegate_task_async', TASK)
    scene.pass(SECOND_MS)
    call.giveUp()
    scene.until('the result', () => process.events.length > 0)
    expect(process.events[0]).toMatchObject({ kind: 'delegation_result', delegation_id: id })
  })

  test.each(['isFull', 'isBusy'] as const)(
    'arrives when the ledger can be written again, in order with the next one: %s',
    (trouble) => {
      const { scene, process } = begin([reply('first'), reply('second')], { afterMs: 5 * SECOND_MS })
      using _ = scene
      const calls = [1, 2].map(() => {
        const call = process.begin('reply_to_workspace', { peer_id: PEER, text: 'hi' })
        scene.pass(SECOND_MS)
        return call
      })
      for (const call of calls) call.giveUp()
      scene[trouble] = true
      scene.pass(2 * MINUTE_MS)
      expect(process.events).toEqual([])
      expect(process.log.filter((line) => line.includes("cannot record a peer's answer yet"))).toHaveLength(1)
      scene[trouble] = false
      scene.until('the messages', () => process.events.length > 1)
      const texts = process.shown.map((id) => process.call('inbox', { activity_id: id, show: 'all' }))
      expect(texts).toEqual([expect.stringContaining('first'), expect.stringContaining('second')])
      expect(process.events.map(({ kind, redelivered }) => [kind, redelivered])).toEqual([
        ['peer_agent', undefined],
        ['peer_agent', undefined],
      ])
      scene.pass(30 * MINUTE_MS)
      expect(process.events).toHaveLength(2)
    },
  )

  test('is told by its call alone when the ledger cannot be written, and ends its task later', () => {
    const { scene, process } = begin([reply('done')], { afterMs: 5 * SECOND_MS })
    using _ = scene
    const call = process.begin('delegate_task', TASK)
    scene.pass(SECOND_MS)
    scene.isFull = true
    scene.until('the result', () => call.text !== undefined, 6 * SECOND_MS)
    expect(call.text).toEndWith('done')
    scene.pass(MINUTE_MS)
    scene.isFull = false
    scene.pass(30 * MINUTE_MS)
    expect(process.events).toEqual([])
    expect(taskOf(process).line).toContain('completed')
  })

  test('is an event that reports a failure when the message never arrived', () => {
    const scene = new SessionScene()
    using _ = scene
    scene.answer = ({ route }) => {
      if (route !== 'a2a') return undefined
      return new Promise((resolve) => {
        scene.clock.after(8 * SECOND_MS, () => resolve(jsonResponse(503, { restarting: true })))
      })
    }
    const process = scene.start()
    scene.pass(SECOND_MS)
    const call = process.begin('delegate_task', TASK)
    scene.pass(4 * SECOND_MS)
    call.giveUp()
    scene.until('the result', () => process.events.length > 0)
    expect(process.events[0]).toMatchObject({ kind: 'delegation_result', task_status: 'failed' })
    expect(scene.sent('a2a')).toHaveLength(1)
  })

  test('is told by its call alone, however fast the peer writes', () => {
    const { scene, process } = begin([reply('thank you')])
    using _ = scene
    for (let n = 0; n < 25; n++) scene.first.feed.add({ from: PEER, text: `line ${n}` })
    scene.until('the messages', () => process.events.length >= 20)
    expect(process.call('reply_to_workspace', { peer_id: PEER, text: 'stop' })).toEndWith('thank you')
    scene.until('the digest', () => process.events.length > 20, 2 * MINUTE_MS)
    expect(process.events.at(-1)?.digest_count).toBe('5')
  })

  test('is not repeated in the call’s result and an event', () => {
    const { scene, process } = begin([reply('done')], { afterMs: 4 * SECOND_MS })
    using _ = scene
    expect(process.call('delegate_task', TASK)).toContain('answered at once')
    scene.pass(5 * MINUTE_MS)
    expect(process.events).toEqual([])
    expect(process.call('inbox')).toStartWith('Nothing is unanswered')
  })
})

describe('an answer that comes after its session ended', () => {
  const answered = () =>
    jsonResponse(200, { status: 'completed', response_body: JSON.stringify(reply('done')) })

  test('is found by the next session where the platform keeps it', () => {
    let isThere = false
    const queue = () => (isThere ? answered() : jsonResponse(200, { status: 'dispatched' }))
    const { scene, process } = begin([reply('done')], { afterMs: 8 * SECOND_MS, queue })
    using _ = scene
    process.begin('delegate_task', TASK)
    scene.pass(4 * SECOND_MS)
    process.kill()
    const next = scene.start()
    scene.pass(30 * SECOND_MS)
    expect(next.events).toEqual([])
    isThere = true
    scene.until('the result', () => next.events.length > 0)
    expect(next.events[0]).toMatchObject({ kind: 'delegation_result', delegation_id: taskOf(next).id })
    scene.pass(30 * MINUTE_MS)
    expect(next.events).toHaveLength(1)
    expect(scene.sent('a2a')).toHaveLength(1)
  })

  test('is reported lost if the platform keeps nothing, once no session can still wait for it', () => {
    const { scene, process } = begin([reply('done')], { afterMs: 8 * SECOND_MS })
    using _ = scene
    process.begin('delegate_task', TASK)
    scene.pass(4 * SECOND_MS)
    process.kill()
    const next = scene.start()
    scene.pass(10 * MINUTE_MS)
    expect(next.events).toEqual([])
    scene.until('the result', () => next.events.length > 0, 3 * MINUTE_MS)
    expect(next.events[0]).toMatchObject({ kind: 'delegation_result', task_status: 'unknown' })
    const asked = scene.sent('queue').length
    scene.pass(30 * MINUTE_MS)
    expect([next.events.length, scene.sent('queue').length]).toEqual([1, asked])
  })

  test('is looked for in the queue where the platform put the task of a busy peer', () => {
    const item = crypto.randomUUID()
    let isThere = false
    const queue = () => (isThere ? answered() : jsonResponse(200, { status: 'queued' }))
    const { scene, process } = begin([{ queued: true, queue_id: item }], { queue })
    using _ = scene
    expect(process.call('delegate_task', TASK)).toContain('This is not an answer')
    scene.pass(30 * SECOND_MS)
    isThere = true
    scene.until('the result', () => process.events.length > 0)
    expect(process.events[0]).toMatchObject({ kind: 'delegation_result', delegation_id: taskOf(process).id })
  })

  test('a task that the platform gave up has failed', () => {
    const queue = () => jsonResponse(200, { status: 'failed', last_error: 'failed to reach workspace agent' })
    const { scene, process } = begin([{ queued: true, queue_id: crypto.randomUUID() }], { queue })
    using _ = scene
    process.call('delegate_task', TASK)
    scene.until('the result', () => process.events.length > 0)
    expect(process.events[0]).toMatchObject({ kind: 'delegation_result', task_status: 'failed' })
    expect(taskOf(process).line).toContain(': failed')
  })
})
