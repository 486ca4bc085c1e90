import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import type { SimRequest } from '../../../lab/simulation/platform/request.ts'
import { HOSTS } from '../../../lab/simulation/sim-process.ts'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { begin, inState, MINUTE_MS, SECOND_MS, TASK, taskOf } from '../../fixtures/answering-peer.ts'
import { SessionScene } from '../../fixtures/session-scene.ts'

const FILE = { file: { name: 'part1.txt', bytes: btoa('half') } }
const WITH_FILE = {
  jsonrpc: '2.0',
  result: {
    kind: 'task',
    id: 'k1',
    status: { state: 'working' },
    artifacts: [{ artifactId: 'a', parts: [FILE] }],
  },
}

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
    expect(text).toContain('accepted the task but not started it. This is not the answer yet.')
    expect(taskOf(process).line).toContain(': open (submitted)')
    scene.until('the result', () => process.events.length > 0, 5 * MINUTE_MS)
    expect(process.events).toEqual([
      expect.objectContaining({ kind: 'delegation_result', task_status: 'completed' }),
    ])
    expect(bodyOf(sent[1])).toMatchObject({ method: 'tasks/get', params: { id: 'k1' } })
    scene.pass(10 * MINUTE_MS)
    expect(sent).toHaveLength(4)
  })

  test('names the files that came with its state as not kept', () => {
    const { scene, process } = begin([WITH_FILE, inState('completed', 'done')])
    using _ = scene
    expect(process.call('delegate_task', TASK)).toContain(
      '1 file came with it (part1.txt); it is kept only if the answer has it, too.',
    )
    scene.until('the result', () => process.events.length > 0, 5 * MINUTE_MS)
    expect(process.events[0]?.attachment_1_name).toBeUndefined()
  })

  test('is not promised an answer to when it was a message that gave no task', () => {
    const { scene, process, sent } = begin([inState('working'), inState('completed', 'done')])
    using _ = scene
    const text = process.call('reply_to_workspace', { peer_id: TASK.workspace_id, text: 'what is it?' })
    expect(text).toContain('nobody asks the peer for its answer')
    expect(text).not.toContain('Its answer arrives')
    scene.pass(30 * MINUTE_MS)
    expect([process.events.length, sent.length]).toEqual([0, 1])
  })

  test('keeps the files of its state when it was such a message', () => {
    const { scene, process } = begin([WITH_FILE])
    using _ = scene
    const text = process.call('reply_to_workspace', { peer_id: TASK.workspace_id, text: 'what is it?' })
    expect(text).toContain('1 file came with it (part1.txt); a channel message shows it, and so does inbox.')
    expect(process.call('inbox')).toMatch(
      /peer_agent .* waiting, .*\n.*begun to work on the message\.\]\n *\[1 file: part1\.txt\]/,
    )
  })

  test('is shown as begun when it was such a message, and its call ended before', () => {
    const { scene, process } = begin([inState('working', 'give me an hour')], { afterMs: 5 * SECOND_MS })
    using _ = scene
    const call = process.begin('reply_to_workspace', { peer_id: TASK.workspace_id, text: 'what is it?' })
    scene.pass(SECOND_MS)
    call.giveUp()
    scene.until('the message', () => process.events.length > 0)
    expect(process.events[0]).toMatchObject({ kind: 'peer_agent', task_status: 'working' })
    expect(process.call('inbox')).toContain('[It has begun to work on the message.] give me an hour')
  })

  test('is asked for by check_task_status where no session receives', () => {
    const answers = [
      inState('working'),
      inState('input-required', 'Which branch?'),
      inState('failed', 'no space'),
    ]
    const { scene, process, sent } = begin(answers, { kind: HOSTS.withoutChannel })
    using _ = scene
    process.call('delegate_task', TASK)
    const { id: task_id } = taskOf(process)
    scene.pass(10 * MINUTE_MS)
    expect(sent).toHaveLength(1)
    const asks = process.call('check_task_status', { task_id })
    expect(asks).toMatch(
      /needs an answer .* Answer it with reply_to_workspace and activity_id question-[\s\S]*Which branch\?/,
    )
    const failed = process.call('check_task_status', { task_id })
    expect(failed).toMatch(/reports that the task failed\.[\s\S]*no space/)
    expect(process.call('check_task_status', { task_id })).toStartWith(`Task ${task_id} failed.`)
    expect(sent).toHaveLength(3)
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

  test('holds up no other task while its peer cannot be asked', () => {
    using scene = new SessionScene()
    let given = 0
    scene.answer = (request) => {
      if (request.route !== 'a2a') return undefined
      const { method, params } = z
        .object({ method: z.string(), params: z.object({ id: z.string().optional() }) })
        .parse(request.json())
      if (method === 'message/send') {
        const begun = inState('working')
        return jsonResponse(200, { ...begun, result: { ...begun.result, id: `k${++given}` } })
      }
      return params.id === 'k1'
        ? jsonResponse(502, { error: 'down' })
        : jsonResponse(200, inState('completed', 'done'))
    }
    const process = scene.start()
    scene.pass(SECOND_MS)
    process.call('delegate_task', TASK)
    process.call('delegate_task', TASK)
    scene.until('the result', () => process.events.length > 0)
    expect(process.events[0]).toMatchObject({ kind: 'delegation_result', task_status: 'completed' })
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

  test('stays open while the peer waits for an answer to its question, and continues with that answer', () => {
    const { scene, process, sent } = begin([
      inState('input-required', 'Which branch?'),
      inState('completed', 'built main'),
    ])
    using _ = scene
    const asked = process.call('delegate_task', TASK)
    expect(asked).toContain('needs an answer')
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
