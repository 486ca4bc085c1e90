import { describe, expect, test } from 'bun:test'
import type { PlatformClient } from '../../../member/client/client.ts'
import { notifyUser } from '../../../member/client/notify.ts'
import { listPeers, register } from '../../../member/client/registry.ts'
import { lookUpWorkspace } from '../../../member/client/workspace.ts'
import { OWN_ID, PEER_ID, rejection, startLyingPlatform } from '../../fixtures/lying-platform.ts'

const CARD = { name: 'Laptop', description: 'Claude Code', version: '1.0.0' }

describe('register', () => {
  test('always names poll mode, and no address', async () => {
    await using platform = startLyingPlatform(() =>
      Response.json({ status: 'registered', delivery_mode: 'poll' }),
    )
    expect(await register(platform.client, CARD)).toEqual({ deliveryMode: 'poll', secrets: {} })
    expect(platform.seen[0]?.path).toBe('/registry/register')
    expect(JSON.parse(platform.seen[0]?.body ?? '')).toEqual({
      id: OWN_ID,
      delivery_mode: 'poll',
      agent_card: CARD,
    })
  })

  test('returns the issued secrets, and null for the mode on an older platform', async () => {
    const answers: readonly unknown[] = [
      { status: 'registered', auth_token: 'fresh-t0ken-1234', platform_inbound_secret: 'inbound-s3cret-1' },
      { status: 'registered', auth_token: '', platform_inbound_secret: null, delivery_mode: 7 },
    ]
    await using platform = startLyingPlatform((_, index) => Response.json(answers[index]))
    expect(await register(platform.client, CARD)).toEqual({
      deliveryMode: null,
      secrets: { authToken: 'fresh-t0ken-1234', inboundSecret: 'inbound-s3cret-1' },
    })
    expect(await register(platform.client, CARD)).toEqual({ deliveryMode: null, secrets: {} })
  })
})

test.each([
  ['register', (client: PlatformClient) => register(client, CARD)],
  ['notify', (client: PlatformClient) => notifyUser(client, 'hello')],
])(
  '%s counts an answer of 200 that is not from a platform as a failure that may be repeated',
  async (_, call) => {
    for (const answer of [
      () => new Response(null, { status: 204 }),
      () => Response.json({}),
      () => Response.json({ ok: 1 }),
    ]) {
      await using platform = startLyingPlatform(answer)
      expect(await rejection(call(platform.client))).toMatchObject({ kind: 'retry' })
    }
  },
)

test('an issued secret has 16 to 4096 characters that fit a header, and anything else counts as none', async () => {
  const unfit = [
    'the',
    'x'.repeat(15),
    'x'.repeat(4_097),
    'with white space in it',
    'umlauts: ÄÖÜÄÖÜÄÖÜ',
    7,
    ['x'],
  ]
  for (const secret of unfit) {
    await using platform = startLyingPlatform(() =>
      Response.json({ status: 'registered', auth_token: secret, platform_inbound_secret: secret }),
    )
    expect((await register(platform.client, CARD)).secrets).toEqual({})
  }
})

describe('listPeers', () => {
  test('skips unreadable rows, and asks for no filter', async () => {
    const rows = [null, 7, {}, { id: 8 }, { id: PEER_ID, name: 'builder', role: null, status: 5 }]
    await using platform = startLyingPlatform(() => Response.json(rows))
    expect(await listPeers(platform.client)).toEqual([
      { id: PEER_ID, name: 'builder', role: null, status: null },
    ])
    expect(platform.seen[0]?.path).toBe(`/registry/${OWN_ID}/peers`)
  })

  test('makes no request for an id that is a path', async () => {
    await using platform = startLyingPlatform(() => Response.json([]))
    const client = platform.clientWith({ workspaceId: '../../admin' })
    expect(await rejection(listPeers(client))).toMatchObject({ kind: 'refused' })
    expect(platform.seen).toHaveLength(0)
  })
})

describe('lookUpWorkspace', () => {
  const lookUp = async (answer: () => Response) => {
    await using platform = startLyingPlatform(answer)
    return await lookUpWorkspace(platform.client)
  }

  test('tells present, removed and unknown workspaces apart', async () => {
    expect(await lookUp(() => Response.json({ id: OWN_ID, name: 'lead', tier: 2 }))).toMatchObject({
      state: 'present',
      info: { name: 'lead', tier: 2 },
    })
    expect(await lookUp(() => Response.json({ status: 'removed' }))).toMatchObject({ state: 'removed' })
    const unknown = { error: 'workspace not found' }
    expect(await lookUp(() => Response.json(unknown, { status: 404 }))).toMatchObject({ state: 'unknown' })
  })

  test("gives the platform's hint for a removed one, even without a time", async () => {
    const body = { error: 'workspace removed', id: OWN_ID, removed_at: null, hint: 'Ask Ada.' }
    expect(await lookUp(() => Response.json(body, { status: 410 }))).toEqual({
      state: 'removed',
      message: `Workspace ${OWN_ID} was deleted on the platform. Ask Ada.`,
    })
    for (const broken of ['', '<html>', '[]', '{"id":']) {
      expect(await lookUp(() => new Response(broken, { status: 410 }))).toMatchObject({
        state: 'removed',
        message: expect.stringContaining(OWN_ID),
      })
    }
  })

  test('accepts no other 404 or failure as proof', async () => {
    for (const answer of [
      () => new Response(null, { status: 404 }),
      () => new Response('<html>', { status: 404 }),
      () => new Response('<html>'),
      () => Response.json({}, { status: 500 }),
      () => Response.json({}, { status: 401 }),
    ])
      expect(await rejection(lookUp(answer))).toBeInstanceOf(Error)
  })
})

describe('notifyUser', () => {
  test('posts once and never again', async () => {
    await using platform = startLyingPlatform((_, index) =>
      index === 0 ? Response.json({ status: 'sent' }) : Response.json({ error: 'down' }, { status: 503 }),
    )
    await notifyUser(platform.client, 'hello')
    expect(await rejection(notifyUser(platform.client, 'again'))).toMatchObject({ kind: 'retry' })
    expect(platform.seen.map(({ path, body }) => [path, body])).toEqual([
      [`/workspaces/${OWN_ID}/notify`, '{"message":"hello"}'],
      [`/workspaces/${OWN_ID}/notify`, '{"message":"again"}'],
    ])
  })

  test('says what to do when the workspace may not write to its user', async () => {
    const body = { error: 'talk_to_user_disabled', hint: 'x' }
    await using platform = startLyingPlatform(() => Response.json(body, { status: 403 }))
    const error = await rejection(notifyUser(platform.client, 'hello'))
    expect(error).toMatchObject({ kind: 'refused', status: 403 })
    expect(String(error)).toContain('Ask the person who runs the platform')
  })
})
