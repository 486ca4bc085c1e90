import { expect, setDefaultTimeout, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { Gate } from '../../lab/driver/gate.ts'
import { Scene } from '../../lab/driver/scene.ts'
import { shiftedClock } from '../../lab/driver/shifted-clock.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(300_000)

const QUICK = { MOLECULE_POLL_INTERVAL_MS: '250', MOLECULE_HEARTBEAT_INTERVAL_MS: '1000' }
const refused = (): Response => Response.json({ error: 'invalid workspace auth token' }, { status: 401 })

test.concurrent('a single 401, wherever it comes, makes the session give up nothing', async () => {
  await using scene = await Scene.open()
  await using gate = new Gate(scene.platform.url)
  const met = new Set<string>()
  gate.answer = (request) => {
    const name = `${request.method} ${new URL(request.url).pathname}`
    if (met.has(name)) return undefined
    met.add(name)
    return refused()
  }
  const member = scene.member()
  const host = await scene.host(scene.settings(member, { ...QUICK, MOLECULE_PLATFORM_URL: gate.url }))
  await scene.person.write(member.id, 'all the same')
  await host.event(({ content }) => content === 'all the same')
  await until('a heartbeat to be refused', () => met.has('POST /registry/heartbeat'))
  await until('presence', async () =>
    /registered.*last heartbeat \d+ s ago/.test((await host.call('status')).text),
  )
  expect(met.size).toBeGreaterThanOrEqual(4)
  expect((await host.call('status')).text).toContain('receiving: yes (')
  expect(scene.log()).not.toContain('given up')
})

test.concurrent('a lasting 401 makes the session give the workspace up and say so, and a new token in .env revives it', async () => {
  await using scene = await Scene.open()
  await using gate = new Gate(scene.platform.url)
  const clock = await shiftedClock(scene.path('shift'))
  const member = scene.member()
  const old = 'an-old-token-that-was-taken-back'
  let asked = 0
  let beats = 0
  gate.answer = (request) => {
    if (request.headers.get('Authorization') !== `Bearer ${old}`) return undefined
    const { pathname } = new URL(request.url)
    if (request.method === 'GET' && pathname === `/workspaces/${member.id}`) return undefined
    asked++
    if (pathname === '/registry/heartbeat') beats++
    return refused()
  }
  const {
    MOLECULE_STATE_DIR,
    MOLECULE_WORKSPACE_TOKENS: _,
    ...rest
  } = scene.settings(member, {
    ...QUICK,
    ...clock.env,
    MOLECULE_PLATFORM_URL: gate.url,
  })
  const file = `${scene.newFolder('state')}/.env`
  writeFileSync(file, `MOLECULE_WORKSPACE_TOKENS=${old}\n`, { mode: 0o600 })
  const host = await scene.host(
    { MOLECULE_STATE_DIR: MOLECULE_STATE_DIR ?? '', ...rest },
    { script: clock.script },
  )
  const status = async (): Promise<string> => (await host.call('status')).text
  await until('some refusals', () => asked >= 4)
  expect(await status()).not.toContain('GIVEN UP')
  expect(await status()).toContain('receiving: no, the workspace cannot be read')
  // Refusals count only when they last, since a platform whose database is down refuses too.
  clock.shift(60_000)
  await until('the workspace to be given up', async () => (await status()).includes('GIVEN UP'))
  expect(await status()).toContain('given up: the platform refuses its token. Create a new one')
  expect(await status()).toContain('receiving: no, the workspace is given up')
  expect(scene.log().match(/is given up: the platform refuses its token/g)).toHaveLength(1)
  const [askedBefore, beatsBefore] = [asked, beats]
  await scene.person.write(member.id, 'while the token was refused')

  writeFileSync(file, `MOLECULE_WORKSPACE_TOKENS=${member.token}\n`)
  await host.event(({ content }) => content === 'while the token was refused')
  await until('presence', async () => /registered.*last heartbeat \d+ s ago/.test(await status()))
  expect(await status()).not.toContain('GIVEN UP')
  // Given up means left alone: only requests already in flight may follow.
  expect([asked - askedBefore <= 2, beats - beatsBefore]).toEqual([true, 0])
  expect(scene.log()).not.toContain(old)
})
