/**
 * Whatever is sent to whichever route, the answer is below 500 (except those the contract demands) and shows
 * no stack, and the platform keeps running and stores no row that the sender had no right to.
 */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Answer } from './contract/client.ts'
import { MEANINGFUL, name, value } from './fuzz-values.ts'
import { type Fixture, platformWithTeam, register } from './platform.ts'

const ROUTES = [
  'POST /registry/register',
  'POST /registry/heartbeat',
  'POST /registry/update-card',
  'POST /registry/check-access',
  'GET /registry/ID/peers',
  'GET /registry/discover/ID',
  'POST /workspaces',
  'GET /workspaces',
  'GET /workspaces/ID',
  'GET /workspaces/ID/state',
  'POST /workspaces/ID/pause',
  'POST /workspaces/ID/resume',
  'POST /workspaces/ID/hibernate',
  'POST /workspaces/ID/restart',
  'GET /workspaces/ID/activity',
  'POST /workspaces/ID/activity',
  'POST /workspaces/ID/activity/ack',
  'POST /workspaces/ID/a2a',
  'GET /workspaces/ID/a2a/queue/TEXT',
  'POST /workspaces/ID/notify',
  'POST /workspaces/ID/chat/uploads',
  'GET /workspaces/ID/chat/download',
  'GET /workspaces/ID/pending-uploads/TEXT/content',
  'POST /workspaces/ID/pending-uploads/TEXT/ack',
  'POST /workspaces/ID/delegate',
  'GET /workspaces/ID/delegations',
  'POST /workspaces/ID/delegations/record',
  'POST /workspaces/ID/delegations/TEXT/update',
  'POST /workspaces/ID/memories',
  'GET /workspaces/ID/memories',
  'DELETE /workspaces/ID/memories/TEXT',
  'POST /workspaces/ID/requests',
  'GET /workspaces/ID/requests',
  'GET /workspaces/ID/requests/TEXT',
  'POST /workspaces/ID/requests/TEXT/respond',
  'GET /requests/pending',
  'GET /workspaces/ID/receipts/TEXT',
  'GET /workspaces/ID/tokens',
  'DELETE /workspaces/ID/tokens/TEXT',
  'GET /workspaces/ID/external/connection',
  'POST /workspaces/ID/tokens',
  'POST /workspaces/TEXT/external/rotate',
  'DELETE /workspaces/TEXT',
  'GET /workspaces/TEXT/events/stream',
  'POST /admin/workspaces/ID/tokens',
  'POST /admin/workspaces/TEXT/tokens',
  'GET /admin/workspaces/ID/test-token',
  'GET /admin/faults',
  'PUT /admin/faults',
  'DELETE /admin/faults',
  'POST /admin/faults/close-streams',
  'GET /',
  'GET /chat/TEXT',
  'GET /health',
  'GET /buildinfo',
  'GET /uploads/limits',
  'GET /ws',
  'GET /metrics',
  'GET /TEXT',
  'POST /TEXT/TEXT',
]

/** Something that looks enough like a message for its parts to be read. */
const envelope = fc.record({
  jsonrpc: fc.constant('2.0'),
  method: fc.oneof(fc.constant('message/send'), value),
  params: fc.record({
    message: fc.record({
      messageId: value,
      role: value,
      parts: fc.array(value, { maxLength: 3 }),
      metadata: value,
    }),
    metadata: value,
    expires_in_seconds: value,
  }),
})

const segment = fc.oneof(fc.string(), fc.uuid(), fc.constantFrom('%', '%00', '..', 'ID', '\u0000'))

const request = fc.record({
  route: fc.constantFrom(...ROUTES),
  segment,
  who: fc.constantFrom('nobody', 'stranger', 'member', 'operator'),
  body: fc.oneof(value, envelope, fc.dictionary(name, value, { minKeys: 1, maxKeys: 8 })),
  raw: fc.option(fc.string(), { freq: 6 }),
  query: fc.dictionary(name, fc.oneof(fc.string(), MEANINGFUL.map(String)), { maxKeys: 4 }),
  header: fc.constantFrom(
    'X-Workspace-ID',
    'X-Timeout',
    'Content-Type',
    'X-Confirm-Name',
    'X-Forwarded-Host',
    'X-Nothing',
    'Host',
  ),
  headerValue: fc.oneof(
    fc.constantFrom('system:x', '1', 'multipart/form-data', 'multipart/form-data; boundary=x'),
    fc.uuid(),
  ),
})

type Request = typeof request extends fc.Arbitrary<infer T> ? T : never

async function ask(fixture: Fixture, given: Request): Promise<Answer> {
  const { client, platform, builder } = fixture
  const [method = '', pattern = ''] = given.route.split(' ')
  const path = pattern
    .replace('ID', builder.id)
    .replaceAll('TEXT', encodeURIComponent(given.segment.toWellFormed()))
  const query = Object.entries(given.query).map(([key, text]) => {
    return `${encodeURIComponent(key.toWellFormed())}=${encodeURIComponent(text.toWellFormed())}`
  })
  const token = {
    nobody: undefined,
    stranger: 'stranger',
    member: builder.token,
    operator: platform.adminToken,
  }[given.who]
  const body = method === 'GET' ? {} : given.raw === null ? { body: given.body } : { raw: given.raw }
  return client.call(method, `${path}?${query.join('&')}`, {
    ...body,
    ...(token === undefined ? {} : { token }),
    headers: { [given.header]: given.headerValue },
  })
}

/**
 * The hosted platform's database rejects empty files and ids that are not UUIDs; the contract keeps these
 * answers.
 */
const ALLOWED_500 = [
  'registration failed',
  'cursor lookup failed',
  'could not stage files',
  'failed to create request',
]
const ALLOWED_503 = [
  'workspace not available',
  'workspace has no URL',
  'workspace is paused',
  'workspace is waking',
  'provisioner not available',
  'workspace container not running',
]

test.each([
  ['v0', 'push'],
  ['v1', 'poll'],
  ['v2', 'poll'],
  ['v2', 'push'],
] as const)('no request makes a %s platform with a %s agent fail', async (contract, delivery_mode) => {
  const failures: string[] = []
  await using fixture = await platformWithTeam({ contract, log: (line) => failures.push(line) })
  // Nobody listens on this port, so every push fails at once.
  await register(fixture, fixture.builder, { delivery_mode, url: 'http://localhost:1/' })
  await fc.assert(
    fc.asyncProperty(request, async (given) => {
      const answer = await ask(fixture, given)
      // A fault injected by chance would answer in place of the endpoints.
      fixture.platform.resetFaults()
      fixture.platform.setFaults({ contract })
      if (answer.status >= 500) {
        const error = String(Reflect.get(Object(answer.json), 'error'))
        expect([
          ...ALLOWED_500,
          ...ALLOWED_503,
          'failed to reach workspace agent',
          'workspace unreachable',
        ]).toContain(error)
      }
      expect(answer.text).not.toMatch(/SQLite|at .*\.ts:|node_modules/)
    }),
    { numRuns: 600 },
  )
  expect(failures).toEqual([])
  expect((await fixture.client.call('GET', '/health')).json).toEqual({ status: 'ok' })
})

test('a stranger can write nothing but ghosts', async () => {
  await using fixture = await platformWithTeam()
  const { client, platform, lead, builder, reviewer } = fixture
  const shown = async () => {
    const rows = []
    for (const member of [lead, builder, reviewer]) {
      rows.push((await client.call('GET', `/workspaces/${member.id}`)).text)
      for (const end of ['activity', 'memories', 'delegations', 'requests', 'tokens']) {
        rows.push(
          (await client.call('GET', `/workspaces/${member.id}/${end}`, { token: platform.adminToken })).text,
        )
      }
    }
    return rows
  }
  const before = await shown()
  await fc.assert(
    fc.asyncProperty(request, async (given) => {
      const who = given.who === 'operator' || given.who === 'member' ? 'nobody' : given.who
      await ask(fixture, { ...given, who })
    }),
    { numRuns: 500 },
  )
  expect(await shown()).toEqual(before)
})
