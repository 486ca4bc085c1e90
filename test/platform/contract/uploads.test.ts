/** Files on their way to an agent. */
import { expect, test } from 'bun:test'
import { rowsOf, statusAndJson } from './client.ts'
import { type Agent, contract, SINCE_V1 } from './target.ts'

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
    expect(staged).toMatchObject({ mimeType: 'image/png', size: 300 })
    // Ours keeps the name; the hosted platform leaves only ASCII.
    expect(['my pictüre?.png', 'my_pict_re_.png']).toContain(staged.name)
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
    expect(statusAndJson(await target.call('POST', `${path}/ack`, { token: agent.token }))).toEqual([
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
    expect(statusAndJson(empty)).toEqual([500, { error: 'could not stage files' }])
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
    expect(statusAndJson(plain)).toEqual([400, { error: 'malformed multipart body' }])
    expect(statusAndJson(await upload(agent, [new File(['a'], 'a')], 'other'))).toEqual([
      400,
      { error: 'no files field in request' },
    ])
    const many = Array.from({ length: 65 }, () => new File(['a'], 'a'))
    expect(statusAndJson(await upload(agent, many))).toEqual([400, { error: 'too many files (limit 64)' }])
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

contract('uploads', ['v0'], (target) => {
  test('no file can be staged: the contract has no poll agents yet', async () => {
    const agent = await target.agent('agent')
    const raw = new FormData()
    raw.append('files', new File(['x'], 'x.txt'))
    const path = `/workspaces/${agent.id}/chat/uploads`
    expect(statusAndJson(await target.call('POST', path, { token: agent.token, raw }))).toEqual([
      503,
      { error: 'workspace container not running' },
    ])
  })
})
