/** Notices from an agent to the person. */
import { expect, test } from 'bun:test'
import { rowsOf, statusAndJson } from './client.ts'
import { type Agent, ALL, contract } from './target.ts'

contract('notify', ALL, (target) => {
  const notify = (agent: Agent, body: object) =>
    target.call('POST', `/workspaces/${agent.id}/notify`, { token: agent.token, body })

  test("a notice is sent and echoed in the sender's inbox, without source or request", async () => {
    const agent = await target.agent('agent')
    const attachments = [{ uri: 'u:1', name: 'a.txt', mimeType: 'text/plain', size: 3 }]
    const message = `done: ${'é'.repeat(100)}`
    expect(statusAndJson(await notify(agent, { message, attachments, type: 'x' }))).toEqual([
      200,
      { status: 'sent' },
    ])
    // Cut at 80 characters, and in the oldest contract at 80 bytes.
    const shown = target.version === 'v0' ? 37 : 74
    const [row] = rowsOf(await target.inbox(agent))
    expect(row).toMatchObject({
      source_id: null,
      target_id: null,
      method: 'notify',
      summary: `Agent message: done: ${'é'.repeat(shown)}`,
      response_body: { result: message, parts: [{ kind: 'file', file: attachments[0] }] },
    })
    expect(row).not.toHaveProperty('request_body')
  })

  test('a message is required, and attachments need a URI and a name', async () => {
    const agent = await target.agent('agent')
    const required = [400, { error: 'message is required' }]
    expect(statusAndJson(await notify(agent, {}))).toEqual(required)
    expect(
      statusAndJson(await notify(agent, { message: '', attachments: [{ uri: 'u', name: 'n' }] })),
    ).toEqual(required)
    expect(statusAndJson(await notify(agent, { message: 'x', attachments: [{ uri: 'u' }] }))).toEqual([
      400,
      { error: 'attachment[0]: uri and name are required' },
    ])
  })
})

contract('notify, cut at bytes', ['v0'], (target) => {
  test('a notice whose summary would split a character is answered but never stored', async () => {
    const agent = await target.agent('agent')
    const body = { message: `done ${'é'.repeat(100)}` }
    const path = `/workspaces/${agent.id}/notify`
    expect((await target.call('POST', path, { token: agent.token, body })).status).toBe(200)
    expect(rowsOf(await target.inbox(agent))).toEqual([])
  })
})
