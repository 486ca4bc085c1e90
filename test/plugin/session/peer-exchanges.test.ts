import { describe, expect, test } from 'bun:test'
import type { SimRequest } from '../../../lab/simulation/platform/request.ts'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { FIRST, PEER, type SceneProcess, SessionScene } from '../../fixtures/session-scene.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/
const TASK = { workspace_id: PEER, task: 'build it' }

const reply = (text: string) => ({ jsonrpc: '2.0', result: { parts: [{ kind: 'text', text }] } })
const inState = (state: string, text?: string) => ({
  jsonrpc: '2.0',
  result: {
    kind: 'task',
    id: 'k1',
    contextId: 'c1',
    status: { state, ...(text === undefined ? {} : { message: { parts: [{ text }] } }) },
  },
})

/** A peer that answers in the same request, each time after `afterMs`, and a platform that keeps `queue` for it. */
function begin(
  answers: readonly object[],
  { afterMs = 0, queue = () => NOT_KEPT }: { afterMs?: number; queue?: () => Response } = {},
) {
  const scene = new SessionScene()
  const sent: SimRequest[] = []
  scene.answer = (request) => {
    if (request.route === 'queue') return queue()
    if (request.route !== 'a2a') return undefined
    const answer = answers[Math.min(sent.push(request), answers.length) - 1] ?? {}
    return new Promise((resolve) => {
      scene.clock.after(afterMs, () => resolve(jsonResponse('queue_id' in answer ? 202 : 200, answer)))
    })
  }
  const process = scene.start()
  scene.pass(SECOND_MS)
  return { scene, process, sent }
}

const NOT_KEPT = jsonResponse(404, { error: 'queue item not found' })

function taskOf(process: SceneProcess): { readonly id: string; readonly line: string } {
  const line = process.call('check_task_status')
  return { id: UUID.exec(line)?.[0] ?? '', line }
}

describe('an answer that comes after its call ended', () => {
  test('arrives as a result when the user gave the call up', () => {
    const { scene, process } = begin([reply('done')], { afterMs: 8 * SECOND_MS })
    using _ = scene
    const call = process.begin('delegate_task', TASK)
    scene.pass(4 * SECOND_MS)
    call.giveUp()
    scene.until('the result', () => process.events.length > 0)
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

  test('is a failure as an event when the message never got there', () => {
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

  test('is told to be lost where the platform keeps nothing, once no session can wait for it any longer', () => {
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

describe('a task that the peer has only begun', () => {
  const bodyOf = (request: SimRequest | undefined): unknown => request?.json()

  test('is asked for until it ends, and its answer arrives as a result', () => {
    const { scene, process, sent } = begin([
      inState('submitted'),
      inState('working', 'step 1'),
      inState('working', 'step 2'),
      inState('completed', 'done'),
    ])
    using _ = scene
    const text = process.call('delegate_task', TASK)
    expect(text).toContain('not begun it yet. This is not the answer yet.')
    expect(taskOf(process).line).toContain(': open (submitted)')
    scene.until('the result', () => process.events.length > 0, 5 * MINUTE_MS)
    expect(process.events).toEqual([
      expect.objectContaining({ kind: 'delegation_result', task_status: 'completed' }),
    ])
    expect(bodyOf(sent[1])).toMatchObject({ method: 'tasks/get', params: { id: 'k1' } })
    scene.pass(10 * MINUTE_MS)
    expect(sent).toHaveLength(4)
  })

  test('ends as failed, rejected or canceled if the peer says so', () => {
    for (const state of ['failed', 'rejected', 'canceled']) {
      const { scene, process } = begin([inState('working'), inState(state, 'exit code 3')])
      using _ = scene
      process.call('delegate_task', TASK)
      scene.until('the result', () => process.events.length > 0, MINUTE_MS)
      expect(process.events[0]).toMatchObject({ kind: 'delegation_result', task_status: state })
      expect(taskOf(process).line).toContain(': failed')
    }
  })

  test('is asked for no longer when the peer does not know it, which is told', () => {
    const error = { jsonrpc: '2.0', error: { code: -32001, message: 'Task not found' } }
    const { scene, process, sent } = begin([inState('working'), error])
    using _ = scene
    process.call('delegate_task', TASK)
    scene.pass(10 * MINUTE_MS)
    expect(process.events).toEqual([
      expect.objectContaining({ kind: 'delegation_result', task_status: 'unknown' }),
    ])
    expect([sent.length, taskOf(process).line]).toEqual([2, expect.stringContaining(': open')])
  })

  test('stays open while the peer asks back, and goes on with the reply to its question', () => {
    const { scene, process, sent } = begin([
      inState('input-required', 'Which branch?'),
      inState('completed', 'built main'),
    ])
    using _ = scene
    const asked = process.call('delegate_task', TASK)
    expect(asked).toContain('asks back')
    expect(asked).toEndWith('Which branch?')
    expect(taskOf(process).line).toContain(': open (input-required)')
    const [, activity_id] = /activity_id (\S+)\./.exec(asked) ?? []
    const { id } = taskOf(process)
    expect(process.call('reply_to_workspace', { activity_id, text: 'main' })).toEndWith('built main')
    expect(bodyOf(sent.at(-1))).toMatchObject({
      params: { message: { taskId: 'k1', contextId: 'c1', metadata: { delegation_id: id } } },
    })
    expect(taskOf(process).line).toContain(': completed')
    expect(process.events).toEqual([])
  })
})
