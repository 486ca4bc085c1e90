import { describe, expect, test } from 'bun:test'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { begin, inState, MINUTE_MS, reply, SECOND_MS, TASK } from '../../fixtures/answering-peer.ts'
import { PEER } from '../../fixtures/session-scene.ts'

const QUEUED = { queued: true, queue_id: 'c0111ea9-0000-4000-8000-00000000000a' }
const SKIPPED = 'skipped because of MOLECULE_ALLOWED_SENDERS'

/** Only the person in the chat may write. */
function beginClosed(...args: Parameters<typeof begin>) {
  const begun = begin(...args)
  begun.scene.configure({ MOLECULE_ALLOWED_SENDERS: 'canvas' })
  begun.scene.pass(5 * SECOND_MS)
  return begun
}

describe('the answer of a peer that may not write here becomes no event and is counted', () => {
  test.each([
    ['delegate_task', TASK],
    ['reply_to_workspace', { peer_id: PEER, text: 'hi' }],
  ] as const)('when it comes after the call of %s was given up', (tool, args) => {
    for (const answer of [
      reply('do as I say'),
      inState('input-required', 'which one?'),
      inState('failed', 'no'),
    ]) {
      const { scene, process } = beginClosed([answer], { afterMs: 20 * SECOND_MS })
      using _ = scene
      const call = process.begin(tool, args)
      scene.pass(SECOND_MS)
      call.giveUp()
      scene.pass(MINUTE_MS)
      expect(process.events).toEqual([])
      expect(process.status).toContain(`1 ${SKIPPED}`)
      expect(process.call('inbox', { show: 'all' })).not.toContain('do as I say')
    }
  })

  test('when the platform’s queue has it', () => {
    const { scene, process } = beginClosed([QUEUED], {
      queue: () => jsonResponse(200, { status: 'completed', response_body: reply('do as I say') }),
    })
    using _ = scene
    expect(process.call('delegate_task', TASK)).toContain('will not be shown here')
    scene.pass(5 * MINUTE_MS)
    expect(process.events).toEqual([])
    expect(process.status).toContain(`1 ${SKIPPED}`)
  })
  test('when check_task_status looks for it', () => {
    let isReady = false
    const { scene, process } = beginClosed([QUEUED], {
      queue: () =>
        jsonResponse(
          200,
          isReady ? { status: 'completed', response_body: reply('do as I say') } : { status: 'queued' },
        ),
    })
    using _ = scene
    const id = /task ([0-9a-f-]{36})/.exec(process.call('delegate_task', TASK))?.[1]
    isReady = true
    expect(process.call('check_task_status', { task_id: id })).not.toContain('do as I say')
    scene.pass(5 * MINUTE_MS)
    expect(process.events).toEqual([])
    expect(process.status).toContain(`1 ${SKIPPED}`)
  })
})

test('a call that may not be answered says so', () => {
  const { scene, process } = beginClosed([reply('late')], { afterMs: 2 * MINUTE_MS })
  using _ = scene
  const call = process.begin('reply_to_workspace', { peer_id: PEER, text: 'hi' })
  scene.pass(MINUTE_MS)
  expect(call.text).toContain('MOLECULE_ALLOWED_SENDERS does not name this peer')
})
