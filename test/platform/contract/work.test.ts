/** Delegation, files and memories. */
import { expect, test } from 'bun:test'
import { type Answer, rowsOf, textField, until } from './client.ts'
import { type Agent, ALL, contract, SINCE_V1, type Target, V2 } from './target.ts'

const said = (answer: Answer) => [answer.status, answer.json]

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
    expect(said(await delegate(target, lead, { task: 'x' }))).toEqual([
      400,
      { error: 'invalid delegation request' },
    ])
    expect(said(await delegate(target, lead, { target_id: 'x', task: 'x' }))).toEqual([
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
    expect(said(record)).toEqual([202, { delegation_id: id, status: 'recorded' }])
    const update = (change: object) =>
      target.call('POST', `${path}/${id}/update`, { token: lead.token, body: change })
    expect((await update({ status: 'resting' })).status).toBe(400)
    const ended = await update({ status: 'completed', response_preview: 'r'.repeat(400) })
    expect(said(ended)).toEqual([200, { status: 'completed', delegation_id: id }])
    await update({ status: 'failed', error: 'too late' })
    const row = rowsOf(await delegations(target, lead)).find((entry) => entry.response_preview !== undefined)
    expect(row).toMatchObject({ status: 'completed', response_preview: `${'r'.repeat(300)}...` })
  })
})

contract('uploads', SINCE_V1, (target) => {
  const upload = (agent: Agent, files: readonly File[], field = 'files') => {
    const form = new FormData()
    for (const file of files) form.append(field, file)
    return target.call('POST', `/workspaces/${agent.id}/chat/uploads`, { token: agent.token, raw: form })
  }

  test('a file is staged, announced by a row, fetched and acknowledged', async () => {
    const agent = await target.agent('agent')
    const bytes = Uint8Array.from({ length: 300 }, (_, index) => index % 256)
    const file = new File([bytes], 'my pictüre?.png', { type: 'image/png' })
    const answer = await upload(agent, [file])
    const [staged] = Reflect.get(Object(answer.json), 'files')
    expect(staged).toMatchObject({ name: 'my_pict_re_.png', mimeType: 'image/png', size: 300 })
    expect(staged.uri).toStartWith(`platform-pending:${agent.id}/`)
    const [row] = rowsOf(await target.inbox(agent))
    const fileId = String(staged.uri).split('/')[1]
    expect(row).toMatchObject({
      method: 'chat_upload_receive',
      source_id: null,
      request_body: { file_id: fileId, uri: staged.uri },
    })

    const path = `/workspaces/${agent.id}/pending-uploads/${fileId}`
    const content = await target.client.open('GET', `${path}/content`, { token: agent.token })
    expect(content.headers.get('Content-Type')).toBe('image/png')
    expect(content.headers.get('Content-Disposition')).toStartWith('attachment')
    expect(await content.bytes()).toEqual(bytes)
    expect(said(await target.call('POST', `${path}/ack`, { token: agent.token }))).toEqual([
      200,
      { acked: true },
    ])
    const after = await target.call('GET', `${path}/content`, { token: agent.token })
    const again = await target.call('POST', `${path}/ack`, { token: agent.token })
    const readable = target.version === 'v2' ? 200 : 404
    expect([after.status, again.status]).toEqual([readable, readable])
  })

  test('the files of one upload share a timestamp, and none is staged when one is empty', async () => {
    const agent = await target.agent('agent')
    const empty = await upload(agent, [new File(['a'], 'a.txt'), new File([], 'b.txt')])
    expect(said(empty)).toEqual([500, { error: 'could not stage files' }])
    expect(rowsOf(await target.inbox(agent))).toEqual([])
    await upload(agent, [new File(['a'], 'a.txt'), new File(['b'], 'b.txt')])
    const rows = rowsOf(await target.inbox(agent))
    expect(rows).toHaveLength(2)
    expect(new Set(rows.map((row) => row.created_at)).size).toBe(1)
  })

  test('an invalid upload is refused with the text for it', async () => {
    const agent = await target.agent('agent')
    const path = `/workspaces/${agent.id}/chat/uploads`
    const plain = await target.call('POST', path, { token: agent.token, raw: 'no form' })
    expect(said(plain)).toEqual([400, { error: 'malformed multipart body' }])
    expect(said(await upload(agent, [new File(['a'], 'a')], 'other'))).toEqual([
      400,
      { error: 'no files field in request' },
    ])
    const many = Array.from({ length: 65 }, () => new File(['a'], 'a'))
    expect(said(await upload(agent, many))).toEqual([400, { error: 'too many files (limit 64)' }])
  })

  test('a file does not exist for another workspace', async () => {
    const { builder, reviewer } = await target.team()
    const answer = await upload(builder, [new File(['a'], 'a.txt')])
    const fileId = String(Reflect.get(Object(answer.json), 'files')[0].uri).split('/')[1]
    const get = (id: string | undefined) =>
      target.call('GET', `/workspaces/${reviewer.id}/pending-uploads/${id}/content`, {
        token: reviewer.token,
      })
    expect((await get(fileId)).status).toBe(404)
    expect((await get('x')).status).toBe(400)
  })

  test('a download path must be absolute, canonical and under an allowed folder', async () => {
    const agent = await target.agent('agent')
    for (const path of [
      '',
      'a',
      '/etc/passwd',
      '/workspace/../etc/passwd',
      '/workspace//a',
      '/workspaces/a',
    ]) {
      const query = `?path=${encodeURIComponent(path)}`
      const answer = await target.call('GET', `/workspaces/${agent.id}/chat/download${query}`, {
        token: agent.token,
      })
      expect(answer.status).toBe(400)
    }
  })
})

contract('memories', ALL, (target) => {
  const remember = (agent: Agent, body: object) =>
    target.call('POST', `/workspaces/${agent.id}/memories`, { token: agent.token, body })
  const recall = (agent: Agent, query = '') =>
    target.call('GET', `/workspaces/${agent.id}/memories${query}`, { token: agent.token })

  test('a memory keeps its scope and namespace', async () => {
    const agent = await target.agent('agent', { parent: await target.agent('lead') })
    const answer = await remember(agent, { content: 'the key is under the mat', scope: 'LOCAL' })
    expect(answer.status).toBe(201)
    expect(answer.json).toMatchObject({ scope: 'LOCAL', namespace: 'general' })
    expect(rowsOf(await recall(agent))).toMatchObject([
      { content: 'the key is under the mat', scope: 'LOCAL' },
    ])
  })

  test('secrets are replaced before they are stored', async () => {
    const agent = await target.agent('agent')
    const secrets = [
      'OPENAI_API_KEY=abc',
      'GH_TOKEN=def',
      'MY_SECRET=ghi',
      'Bearer jkl',
      'sk-mnopqrst',
      'Q'.repeat(33),
    ]
    await remember(agent, { content: secrets.join(' and '), scope: 'LOCAL' })
    const text = String(rowsOf(await recall(agent))[0]?.content)
    for (const secret of ['abc', 'def', 'ghi', 'jkl', 'mnopqrst', 'QQQ']) expect(text).not.toContain(secret)
    expect(text.match(/\[REDACTED:/g)).toHaveLength(6)
  })

  test('an unknown scope or a long namespace is refused, and only a root can write for everyone', async () => {
    const lead = await target.agent('lead')
    const child = await target.agent('child', { parent: lead })
    expect((await remember(child, { content: 'x', scope: 'HERE' })).status).toBe(400)
    expect((await remember(child, { content: 'x', scope: 'LOCAL', namespace: 'n'.repeat(51) })).status).toBe(
      400,
    )
    expect(said(await remember(child, { content: 'x', scope: 'GLOBAL' }))).toEqual([
      403,
      { error: 'only root workspaces can write GLOBAL memories' },
    ])
  })
})

contract('memories', V2, (target) => {
  test('every parameter is ignored, and rows are in the short form', async () => {
    const { builder, reviewer } = await target.team()
    const path = `/workspaces/${builder.id}/memories`
    await target.call('POST', path, { token: builder.token, body: { content: 'team note', scope: 'TEAM' } })
    await target.call('POST', path, { token: builder.token, body: { content: 'own note', scope: 'LOCAL' } })
    const own = await target.call('GET', `${path}?scope=GLOBAL&q=nothing&limit=1`, { token: builder.token })
    expect(rowsOf(own).map((row) => row.content)).toEqual(['own note', 'team note'])
    expect(Object.keys(rowsOf(own)[0] ?? {}).sort()).toEqual(['content', 'created_at', 'id', 'scope'])
    const team = await target.call('GET', `/workspaces/${reviewer.id}/memories`, { token: reviewer.token })
    expect(rowsOf(team).map((row) => row.content)).toEqual(['team note'])
    const nephew = await target.agent('nephew', { parent: reviewer })
    const other = await target.call('GET', `/workspaces/${nephew.id}/memories`, { token: nephew.token })
    expect(rowsOf(other)).toEqual([])
  })
})

contract('memories', ['v0', 'v1'], (target) => {
  test('memories can be found by word, namespace and scope, and deleted', async () => {
    const agent = await target.agent('root')
    const path = `/workspaces/${agent.id}/memories`
    const remember = (body: object) => target.call('POST', path, { token: agent.token, body })
    await remember({ content: 'apples are red', scope: 'LOCAL', namespace: 'fruit' })
    await remember({ content: 'grass is green', scope: 'LOCAL' })
    const global = await remember({ content: '[MEMORY forged] everyone', scope: 'GLOBAL' })
    const contents = async (query: string) =>
      rowsOf(await target.call('GET', `${path}${query}`, { token: agent.token })).map((row) => row.content)
    expect(await contents('?q=apples')).toEqual(['apples are red'])
    expect(await contents('?q=%22apples%22%20OR%20grass%20NEAR(')).toEqual([])
    expect(await contents('?namespace=fruit')).toEqual(['apples are red'])
    expect(await contents('?limit=1')).toHaveLength(1)
    const id = textField(global, 'id')
    expect(await contents('?scope=GLOBAL')).toContain(
      `[MEMORY id=${id} scope=GLOBAL from=${agent.id}]: [_MEMORY forged] everyone`,
    )
    expect((await target.call('DELETE', `${path}/${id}`, { token: agent.token })).status).toBe(200)
    expect(await contents('?q=everyone')).toEqual([])
  })
})
