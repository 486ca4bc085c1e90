/** The inbox: its pages, its cursor, what is written into it and acknowledged. */
import { expect, test } from 'bun:test'
import { type Answer, type Row, rowsOf, statusAndJson, until } from './client.ts'
import { type Agent, ALL, contract, SINCE_V1, say, type Target, V2 } from './target.ts'

const UNKNOWN = '00000000-0000-0000-0000-000000000000'
const GONE = {
  error:
    'since_id cursor not found (row may have been pruned or belongs to a different workspace); omit since_id to reset',
}

/** An agent with rows named 1 to n, oldest first. */
async function agentWithRows(target: Target, count: number): Promise<{ agent: Agent; rows: readonly Row[] }> {
  const agent = await target.agent('agent')
  for (let number = 1; number <= count; number++) await report(target, agent, { summary: String(number) })
  const rows = [...rowsOf(await read(target, agent, '?limit=500'))].reverse()
  return { agent, rows }
}

function report(target: Target, agent: Agent, body: object): Promise<Answer> {
  return target.call('POST', `/workspaces/${agent.id}/activity`, {
    token: agent.token,
    body: { activity_type: 'agent_log', ...body },
  })
}

function read(target: Target, agent: Agent, query = ''): Promise<Answer> {
  return target.call('GET', `/workspaces/${agent.id}/activity${query}`, { token: agent.token })
}

const summaries = (answer: Answer) => rowsOf(answer).map((row) => row.summary)

contract('activity page', ALL, (target) => {
  test('a new inbox is an empty array', async () => {
    expect(statusAndJson(await read(target, await target.agent('agent')))).toEqual([200, []])
  })

  test('without a cursor the newest row comes first', async () => {
    const { agent } = await agentWithRows(target, 3)
    expect(summaries(await read(target, agent))).toEqual(['3', '2', '1'])
  })

  test('limit is at most 500, 100 for anything but a positive number, and never an error', async () => {
    const { agent } = await agentWithRows(target, 3)
    expect(rowsOf(await read(target, agent, '?limit=2'))).toHaveLength(2)
    for (const limit of ['0', '-1', 'x', '']) {
      expect(rowsOf(await read(target, agent, `?limit=${limit}`))).toHaveLength(3)
    }
  })

  test('type must match exactly', async () => {
    const { agent } = await agentWithRows(target, 1)
    expect(rowsOf(await read(target, agent, '?type=agent_log'))).toHaveLength(1)
    expect(rowsOf(await read(target, agent, '?type=no_such_type'))).toHaveLength(0)
  })

  test('source=canvas means a null source, source=agent any other, and no other value is accepted', async () => {
    const { agent } = await agentWithRows(target, 1)
    await target.call('POST', `/workspaces/${agent.id}/notify`, {
      token: agent.token,
      body: { message: 'hi' },
    })
    expect(rowsOf(await read(target, agent, '?source=canvas'))).toMatchObject([{ method: 'notify' }])
    expect(rowsOf(await read(target, agent, '?source=agent'))).toMatchObject([{ summary: '1' }])
    expect(statusAndJson(await read(target, agent, '?source=x'))).toEqual([
      400,
      { error: "source must be 'canvas' or 'agent'" },
    ])
  })

  test('a row has every key except those of bodies it does not have', async () => {
    const { agent } = await agentWithRows(target, 1)
    const [row] = rowsOf(await read(target, agent))
    expect(row).toMatchObject({
      workspace_id: agent.id,
      activity_type: 'agent_log',
      source_id: agent.id,
      target_id: null,
      method: null,
      duration_ms: null,
      status: 'ok',
      error_detail: null,
    })
    expect(String(row?.created_at)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/)
    expect(row).not.toHaveProperty('request_body')
    expect(Object.hasOwn(Object(row), 'seq')).toBe(target.version === 'v2')
  })
})

contract('activity cursor', SINCE_V1, (target) => {
  test('rows after the cursor come oldest first, and after the last row the page is empty', async () => {
    const { agent, rows } = await agentWithRows(target, 4)
    expect(summaries(await read(target, agent, `?since_id=${rows[0]?.id}`))).toEqual(['2', '3', '4'])
    expect(summaries(await read(target, agent, `?since_id=${rows[0]?.id}&limit=2`))).toEqual(['2', '3'])
    expect(rowsOf(await read(target, agent, `?since_id=${rows[3]?.id}`))).toEqual([])
  })

  test('the cursor row may be of another type than the rows requested', async () => {
    const { agent, rows } = await agentWithRows(target, 2)
    expect(rowsOf(await read(target, agent, `?since_id=${rows[0]?.id}&type=error`))).toEqual([])
    expect(rowsOf(await read(target, agent, `?since_id=${rows[0]?.id}&type=agent_log`))).toHaveLength(1)
  })

  test('an unknown or foreign cursor is gone; one that is not a UUID fails the lookup', async () => {
    const { agent, rows } = await agentWithRows(target, 1)
    const other = await target.agent('other')
    expect(statusAndJson(await read(target, agent, `?since_id=${UNKNOWN}`))).toEqual([410, GONE])
    expect(statusAndJson(await read(target, other, `?since_id=${rows[0]?.id}`))).toEqual([410, GONE])
    expect(statusAndJson(await read(target, agent, '?since_id=x'))).toEqual([
      500,
      { error: 'cursor lookup failed' },
    ])
  })

  test('checks run in the order peer, before, since_secs, cursor, source', async () => {
    const agent = await target.agent('agent')
    const wrongs = ['peer_id=x', 'before_ts=x', 'since_secs=x', `since_id=${UNKNOWN}`, 'source=x']
    const expected = [/peer_id must be a UUID/, /before_ts/, /since_secs/, /since_id/, /source must be/]
    for (const [index, pattern] of expected.entries()) {
      expect((await read(target, agent, `?${wrongs.slice(index).join('&')}`)).text).toMatch(pattern)
    }
  })

  test('before_ts is strict and pages backwards', async () => {
    const { agent, rows } = await agentWithRows(target, 4)
    const before = encodeURIComponent(String(rows[2]?.created_at))
    const page = await read(target, agent, `?before_ts=${before}&limit=1`)
    expect(rowsOf(page).every((row) => String(row.created_at) < String(rows[2]?.created_at))).toBe(true)
  })

  test('since_secs keeps recent rows and must be a positive number', async () => {
    const { agent } = await agentWithRows(target, 1)
    expect(rowsOf(await read(target, agent, '?since_secs=60'))).toHaveLength(1)
    expect(rowsOf(await read(target, agent, '?since_secs=99999999'))).toHaveLength(1)
    for (const value of ['0', '-5', 'x', '1.5']) {
      expect((await read(target, agent, `?since_secs=${value}`)).status).toBe(400)
    }
  })

  test("peer_id keeps the rows from and to a peer; include adds the peer's name", async () => {
    const { builder, reviewer } = await target.team()
    await target.send(builder, say('from the person'))
    await target.send(builder, say('from a peer'), reviewer)
    const page = await read(target, builder, `?peer_id=${reviewer.id}&include=peer_info,nonsense`)
    expect(rowsOf(page)).toMatchObject([{ source_id: reviewer.id, peer_name: reviewer.name }])
    const [row] = rowsOf(page)
    expect(String(row?.agent_card_url)).toEndWith(`/registry/discover/${reviewer.id}`)
    expect(row).not.toHaveProperty('peer_role')
    expect(row).not.toHaveProperty('attachments')
  })

  test('attachments come from message parts, where only the snake-case mime_type counts', async () => {
    const { builder } = await target.team()
    const file = { uri: 'u:1', name: 'a.png', mimeType: 'image/png' }
    const parts = [
      { kind: 'file', file },
      { type: 'image', uri: 'u:2', mime_type: 'image/gif' },
      { kind: 'file', file: {} },
    ]
    await target.send(builder, say('', { parts }))
    const [row] = rowsOf(await read(target, builder, '?include=peer_info'))
    expect(row?.attachments).toEqual([
      { kind: 'file', uri: 'u:1', name: 'a.png' },
      { kind: 'image', uri: 'u:2', mime_type: 'image/gif' },
    ])
    await target.send(builder, say('', { parts: [{ kind: 'file', file }] }))
    const [single] = rowsOf(await read(target, builder, '?include=peer_info&limit=1'))
    expect(single?.attachments).toEqual([{ kind: 'file', uri: 'u:1', name: 'a.png' }])
  })
})

contract('activity cursor', ['v0'], (target) => {
  test('the cursor is ignored, by which a client recognizes an old platform', async () => {
    const agent = await target.agent('agent')
    expect((await read(target, agent, `?since_id=${UNKNOWN}`)).status).toBe(200)
  })
})

contract('activity writes', ALL, (target) => {
  test('a report becomes a row with its author as the source and its metadata as the body', async () => {
    const agent = await target.agent('agent')
    expect(
      statusAndJson(await report(target, agent, { metadata: { a: 1 }, method: 'm', duration_ms: 7 })),
    ).toEqual([200, { status: 'logged' }])
    const [row] = rowsOf(await read(target, agent))
    expect(row).toMatchObject({ source_id: agent.id, request_body: { a: 1 }, method: 'm', duration_ms: 7 })
  })

  test('an unknown type and a foreign source are refused', async () => {
    const { lead, builder } = await target.team()
    expect((await report(target, builder, { activity_type: 'gossip' })).status).toBe(400)
    expect(statusAndJson(await report(target, builder, { source_id: lead.id }))).toEqual([
      403,
      { error: 'source_id must match authenticated workspace' },
    ])
  })
})

contract('activity acknowledgement', V2, (target) => {
  const ack = (agent: Agent, body: object) =>
    target.call('POST', `/workspaces/${agent.id}/activity/ack`, { token: agent.token, body })

  test('the highest number counts, and reading stays the same', async () => {
    const { agent } = await agentWithRows(target, 1)
    const end = Number(rowsOf(await read(target, agent))[0]?.seq)
    expect(statusAndJson(await ack(agent, { acked_seq: 0 }))).toEqual([200, { last_acked_seq: 0 }])
    expect(statusAndJson(await ack(agent, { acked_seq: end }))).toEqual([200, { last_acked_seq: end }])
    expect(statusAndJson(await ack(agent, { acked_seq: end - 1 }))).toEqual([200, { last_acked_seq: end }])
    expect(rowsOf(await read(target, agent))).toHaveLength(1)
  })

  test('a number beyond the last row is refused: it is from before a backup was restored', async () => {
    const { agent } = await agentWithRows(target, 1)
    const end = Number(rowsOf(await read(target, agent))[0]?.seq)
    expect((await ack(agent, { acked_seq: end + 1_000 })).status).toBe(400)
    expect(statusAndJson(await ack(agent, { acked_seq: 0 }))).toEqual([200, { last_acked_seq: 0 }])
  })

  test('a missing or negative number is refused', async () => {
    const agent = await target.agent('agent')
    expect(statusAndJson(await ack(agent, {}))).toEqual([400, { error: 'acked_seq is required' }])
    expect((await ack(agent, { acked_seq: -1 })).status).toBe(400)
  })
})

contract('activity acknowledgement', ['v0', 'v1'], (target) => {
  test('does not exist yet', async () => {
    const agent = await target.agent('agent')
    const path = `/workspaces/${agent.id}/activity/ack`
    expect((await target.call('POST', path, { token: agent.token, body: { acked_seq: 1 } })).status).toBe(404)
  })
})

contract('activity order', SINCE_V1, (target) => {
  test('every row is read exactly once and in order while others are written', async () => {
    const agent = await target.agent('agent')
    await report(target, agent, { summary: 'first' })
    let cursor = String(rowsOf(await read(target, agent))[0]?.id)
    const writing = Promise.all(
      Array.from({ length: 40 }, (_, number) => report(target, agent, { summary: String(number) })),
    )
    const seen: unknown[] = []
    await until(
      async () => {
        const page = await read(target, agent, `?since_id=${cursor}&limit=7`)
        const rows = rowsOf(page)
        cursor = String(rows.at(-1)?.id ?? cursor)
        seen.push(...rows.map((row) => row.summary))
        return page
      },
      () => seen.length >= 40,
    )
    await writing
    expect(new Set(seen).size).toBe(40)
    expect(seen).toHaveLength(40)
  })
})
