import { expect, setDefaultTimeout, test } from 'bun:test'
import { truncateSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { systemClock } from '../../base/clock.ts'
import type { EventParams } from '../../lab/driver/channel-event.ts'
import { feedOnly, Gate } from '../../lab/driver/gate.ts'
import { Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(300_000)

const JSON_TYPE = { headers: { 'Content-Type': 'application/json' } }
const TEN_MEGABYTES = 10 * 1024 * 1024

const oneRow = z.array(z.looseObject({ id: z.string() }))

interface BadAnswer {
  readonly name: string
  /** What the inbox answers in place of its rows. */
  readonly answer: () => Response | Promise<Response>
  /** Matches the one line about it in the log; undefined where nothing is logged. */
  readonly logged: RegExp | undefined
}

const BAD: readonly BadAnswer[] = [
  {
    name: 'garbage',
    answer: () => new Response('\u0000}{ÿ', JSON_TYPE),
    logged: /broken JSON instead of JSON/,
  },
  {
    name: 'a web page',
    answer: () => new Response('<!doctype html><h1>Hi</h1>', { headers: { 'Content-Type': 'text/html' } }),
    logged: /a web page instead of JSON/,
  },
  { name: 'half a JSON', answer: () => new Response('[{"id":"', JSON_TYPE), logged: /broken JSON/ },
  { name: 'an object instead of a list', answer: () => Response.json({ rows: [] }), logged: /unknown shape/ },
  {
    name: 'rows that are null, numbers, or without an id',
    answer: () => Response.json([null, 7, 'text', [], {}, { id: 5 }]),
    logged: /skips 6 unreadable rows/,
  },
  {
    name: 'ten megabytes of one row',
    answer: () => Response.json([{ id: 'x'.repeat(TEN_MEGABYTES) }]),
    logged: /skips 1 unreadable rows/,
  },
  {
    name: 'ten megabytes of text',
    answer: () => new Response('x'.repeat(TEN_MEGABYTES)),
    logged: /broken JSON/,
  },
  {
    name: '401',
    answer: () => Response.json({ error: 'invalid workspace auth token' }, { status: 401 }),
    logged: /answered 401 invalid workspace auth token/,
  },
  {
    name: '403',
    answer: () => Response.json({ error: 'not yours' }, { status: 403 }),
    logged: /answered 403 not yours/,
  },
  { name: '403 with an empty body', answer: () => new Response(null, { status: 403 }), logged: /empty 403/ },
  {
    name: '404',
    answer: () => Response.json({ error: 'workspace not found' }, { status: 404 }),
    logged: /answered 404 workspace not found/,
  },
  {
    name: '404 with an empty body',
    answer: () => new Response(null, { status: 404 }),
    logged: /MOLECULE_ORG_ID/,
  },
  {
    name: '429 with Retry-After',
    answer: () =>
      Response.json({ error: 'rate limit exceeded' }, { status: 429, headers: { 'Retry-After': '1' } }),
    logged: /answered 429 rate limit exceeded/,
  },
  {
    name: 'a body that is cut off',
    answer: () =>
      new Response(
        new ReadableStream({
          start: (controller) => {
            controller.enqueue('[{"id":"')
            systemClock.after(0, () => controller.error())
          },
        }),
        JSON_TYPE,
      ),
    // The plugin requests smaller and smaller parts until they arrive.
    logged: undefined,
  },
  {
    name: '503',
    answer: () => Response.json({ error: 'datastore unavailable' }, { status: 503 }),
    logged: /answered 503 datastore unavailable/,
  },
  { name: '500', answer: () => new Response('oops', { status: 500 }), logged: /answered 500/ },
]

/** Several bad answers in a row must not fill the log. */
const MAX_LINES = 4
const BAD_ANSWERS = 2

test.concurrent('each bad answer leaves at most a few lines in the log and no secret, and delivery continues', async () => {
  await using scene = await Scene.open()
  await using gate = new Gate(scene.platform.url)
  const cases = BAD.map((bad) => ({ ...bad, member: scene.member(), left: 0 }))
  const members = cases.map(({ member }) => member)
  const host = await scene.host(
    scene.settings(members, { MOLECULE_PLATFORM_URL: gate.url, MOLECULE_POLL_INTERVAL_MS: '250' }),
  )
  gate.answer = feedOnly((request) => {
    const bad = cases.find(({ member }) => new URL(request.url).pathname.includes(member.id))
    return bad !== undefined && bad.left-- > 0 ? bad.answer() : undefined
  })
  await Promise.all(
    cases.map(async (bad) => {
      const { name, member, logged } = bad
      const isOurs = ({ meta }: EventParams): boolean => meta.workspace_id === member.id
      const shown = (text: string) => host.event((event) => isOurs(event) && event.content === text)
      await scene.person.write(member.id, 'before')
      await shown('before')
      const before = scene.log().split('\n').length

      bad.left = BAD_ANSWERS
      await scene.person.write(member.id, 'meanwhile')
      await until(`${name} to be given`, () => bad.left <= 0)
      await scene.person.write(member.id, 'after')
      await shown('after')

      const lines = scene
        .log()
        .split('\n')
        .slice(before - 1)
        .filter((line) => line.includes(member.id))
      if (logged !== undefined)
        expect(
          lines.filter((line) => logged.test(line)),
          name,
        ).toHaveLength(1)
      expect(lines.length, name).toBeLessThanOrEqual(MAX_LINES)
      const events = host.events.filter(isOurs)
      expect(events.map(({ content }) => content)).toEqual(['before', 'meanwhile', 'after'])
      expect(events.filter(({ meta }) => 'redelivered' in meta)).toEqual([])
      expect(gate.mostAtOnce.get(`GET /workspaces/${member.id}/activity`), name).toBe(1)
    }),
  )
  for (const { token } of members) expect(scene.log()).not.toContain(token)
})

test.concurrent('a cursor that the platform has forgotten is replaced, and nothing is shown twice', async () => {
  await using scene = await Scene.open()
  await using gate = new Gate(scene.platform.url)
  const member = scene.member()
  const host = await scene.host(scene.settings(member, { MOLECULE_PLATFORM_URL: gate.url }))
  await scene.person.write(member.id, 'before')
  await host.event(({ content }) => content === 'before')
  let gone = 0
  gate.answer = (request) => {
    if (gone > 0 || !request.url.includes('since_id=')) return undefined
    gone++
    return Response.json({ error: 'since_id cursor not found' }, { status: 410 })
  }
  await scene.person.write(member.id, 'after')
  await host.event(({ content }) => content === 'after')
  // A look already in flight may have brought it.
  await until('the platform to have forgotten', () => gone === 1)
  await scene.person.write(member.id, 'later')
  await host.event(({ content }) => content === 'later')
  expect(host.events.map(({ content }) => content)).toEqual(['before', 'after', 'later'])
  expect(scene.log().match(/no longer knows the cursor/g)).toHaveLength(1)
})

test.concurrent('a redirect is not followed: the other host sees nothing, the log says what to do', async () => {
  await using scene = await Scene.open()
  await using gate = new Gate(scene.platform.url)
  let seen = 0
  const elsewhere = Bun.serve({
    reusePort: false,
    hostname: '127.0.0.1',
    port: 0,
    fetch: () => {
      seen++
      return Response.json([])
    },
  })
  const member = scene.member()
  const host = await scene.host(scene.settings(member, { MOLECULE_PLATFORM_URL: gate.url }))
  await host.receiving()
  gate.answer = ({ url }) =>
    Response.redirect(`http://127.0.0.1:${elsewhere.port}${new URL(url).pathname}`, 307)
  await gate.reopen()
  await until('the redirect to be refused', () => scene.log().includes('redirects are not followed'))
  expect((await host.call('send_message_to_user', { message: 'secret plans' })).isError).toBe(true)
  expect((await host.call('list_peers')).isError).toBe(true)
  await scene.person.write(member.id, 'after the redirect')
  gate.answer = () => undefined
  await host.event(({ content }) => content === 'after the redirect')
  expect(seen).toBe(0)
  await elsewhere.stop(true)
})

test.concurrent('rows of ten megabytes are shown in order, even when one answer cannot hold them all', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const text = 'ab <c> '.repeat(TEN_MEGABYTES / 7)
  for (const number of [1, 2, 3]) await scene.person.write(member.id, `${number} ${text}`)
  const host = await scene.host(scene.settings(member))
  await scene.person.write(member.id, 'last')
  await host.event(({ content }) => content === 'last')
  expect(host.events.map(({ content }) => content.slice(0, 4))).toEqual(['1 ab', '2 ab', '3 ab', 'last'])
})

/** Far above the limit for a row (112 MiB), so that the plugin stops reading before the end. */
const OVERSIZED_BYTES = 200 * 1024 * 1024

test.concurrent('a row that is too large is skipped with a line in the log, and delivery continues after it', async () => {
  await using scene = await Scene.open()
  await using gate = new Gate(scene.platform.url)
  const member = scene.member()
  const host = await scene.host(scene.settings(member, { MOLECULE_PLATFORM_URL: gate.url }))
  // The first look also reads a window without a cursor.
  await until('the first look to be over', async () => /last read \d/.test((await host.call('status')).text))
  await scene.person.write(member.id, 'before')
  const { meta } = await host.event(({ content }) => content === 'before')
  let skipped = ''
  gate.answer = async (request) => {
    const url = new URL(request.url)
    if (!url.pathname.endsWith('/activity') || url.searchParams.get('since_id') !== meta.activity_id)
      return undefined
    // The platform's next row, enlarged.
    url.searchParams.set('limit', '1')
    const { pathname, searchParams } = url
    const headers = { Authorization: `Bearer ${member.token}` }
    const [row] = oneRow.parse(
      await (await fetch(`${scene.platform.url}${pathname}?${searchParams}`, { headers })).json(),
    )
    if (row === undefined) return undefined
    skipped = row.id
    const path = scene.path('oversized')
    writeFileSync(path, `[${JSON.stringify({ ...row, request_body: 'x' }).slice(0, -3)}`)
    truncateSync(path, OVERSIZED_BYTES)
    return new Response(Bun.file(path), JSON_TYPE)
  }
  await scene.person.write(member.id, 'oversized')
  await until('the row to be skipped', () => scene.log().includes('which is too large'))
  await scene.person.write(member.id, 'after')
  await host.event(({ content }) => content === 'after')
  expect(scene.log()).toContain(`skips message ${skipped}`)
  expect((await host.call('inbox', { show: 'skipped' })).text).toContain('too large to read')
  expect(host.events.map(({ content }) => content)).toEqual(['before', 'after'])
})
