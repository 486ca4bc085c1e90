/** Giving tasks to peers, and what becomes of them. */
import { expect, test } from 'bun:test'
import { rowsOf, statusAndJson, textField, until } from './client.ts'
import { type Agent, contract, SINCE_V1, type Target } from './target.ts'

const delegate = (target: Target, from: Agent, body: object) =>
  target.call('POST', `/workspaces/${from.id}/delegate`, { token: from.token, body })

const delegations = (target: Target, agent: Agent) =>
  target.call('GET', `/workspaces/${agent.id}/delegations`, { token: agent.token })

contract('delegation', SINCE_V1, (target) => {
  test('the peer gets the task as a message whose id is the delegation', async () => {
    const { lead, builder } = await target.team()
    const answer = await delegate(target, lead, { target_id: builder.id, task: 'build it' })
    expect(answer.status).toBe(202)
    expect(answer.json).toMatchObject({ status: 'delegated', target_id: builder.id })
    const id = textField(answer, 'delegation_id')
    const inbox = await until(
      () => target.inbox(builder),
      (page) => rowsOf(page).length > 0,
    )
    expect(rowsOf(inbox)[0]).toMatchObject({
      source_id: lead.id,
      request_body: {
        params: {
          message: {
            messageId: id,
            metadata: { delegation_id: id },
            parts: [{ kind: 'text', text: 'build it' }],
          },
        },
      },
    })
  })

  test('a delegation to a poll target completes at once, with the queued answer as its text', async () => {
    const { lead, builder } = await target.team()
    await delegate(target, lead, { target_id: builder.id, task: 'build it' })
    const list = await until(
      () => delegations(target, lead),
      (page) => page.text.includes('completed'),
    )
    expect(rowsOf(list).filter((row) => row.status !== 'completed')).toEqual([])
    const done = rowsOf(list).find((row) => row.status === 'completed' && row.response_preview !== undefined)
    expect(JSON.parse(String(done?.response_preview))).toMatchObject({
      delivery_mode: 'poll',
      status: 'queued',
    })
  })

  test('a refusal does not reach the caller but fails the delegation', async () => {
    const { lead, builder } = await target.team()
    const second = await target.agent('second', { parent: lead })
    const cousin = await target.agent('cousin', { parent: second })
    expect((await delegate(target, builder, { target_id: cousin.id, task: 'x' })).status).toBe(202)
    const list = await until(
      () => delegations(target, builder),
      (page) => page.text.includes('failed'),
    )
    expect(list.text).toContain('access denied')
  })

  test('a repeated idempotency key finds the delegation again', async () => {
    const { lead, builder } = await target.team()
    const body = { target_id: builder.id, task: 'once', idempotency_key: 'k1' }
    const id = textField(await delegate(target, lead, body), 'delegation_id')
    const again = await delegate(target, lead, body)
    expect(again.status).toBe(200)
    expect(again.json).toMatchObject({ delegation_id: id, target_id: builder.id, idempotent_hit: true })
    expect(rowsOf(await target.inbox(builder))).toHaveLength(1)
  })

  test('an invalid request is refused with the text for it', async () => {
    const { lead } = await target.team()
    expect(statusAndJson(await delegate(target, lead, { task: 'x' }))).toEqual([
      400,
      { error: 'invalid delegation request' },
    ])
    expect(statusAndJson(await delegate(target, lead, { target_id: 'x', task: 'x' }))).toEqual([
      400,
      { error: 'target_id must be a valid UUID' },
    ])
    const self = await delegate(target, lead, { target_id: lead.id, task: 'x' })
    expect([self.status, textField(self, 'error')]).toEqual([400, 'self-delegation not permitted'])
  })

  test('an agent that sent the task itself can record it and report how it ended', async () => {
    const { lead, builder } = await target.team()
    const path = `/workspaces/${lead.id}/delegations`
    const id = crypto.randomUUID()
    const body = { target_id: builder.id, task: 'mine', delegation_id: id }
    const record = await target.call('POST', `${path}/record`, { token: lead.token, body })
    expect(statusAndJson(record)).toEqual([202, { delegation_id: id, status: 'recorded' }])
    const update = (change: object) =>
      target.call('POST', `${path}/${id}/update`, { token: lead.token, body: change })
    expect((await update({ status: 'resting' })).status).toBe(400)
    const ended = await update({ status: 'completed', response_preview: 'r'.repeat(400) })
    expect(statusAndJson(ended)).toEqual([200, { status: 'completed', delegation_id: id }])
    await update({ status: 'failed', error: 'too late' })
    const row = rowsOf(await delegations(target, lead)).find((entry) => entry.response_preview !== undefined)
    expect(row).toMatchObject({ status: 'completed', response_preview: `${'r'.repeat(300)}...` })
  })
})
