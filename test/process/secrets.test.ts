import { expect, setDefaultTimeout, test } from 'bun:test'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { PluginProcess } from '../fixtures/plugin-process.ts'
import { Scene } from '../fixtures/scene.ts'
import { until } from '../fixtures/until.ts'

setDefaultTimeout(20_000)

/** All that a process has said to anybody: its pipes, and every file but the ones that are there to keep secrets. */
function everythingSaid(scene: Scene, plugin: PluginProcess): string {
  const kept = new Set(['.env', 'issued-secrets.json'])
  const files = readdirSync(scene.path('state'), { recursive: true, encoding: 'utf8' })
    .filter((name) => !kept.has(name))
    .map((name) => join(scene.path('state'), name))
    .filter((path) => statSync(path).isFile())
  return [plugin.lines.join('\n'), plugin.stderr, ...files.map((path) => readFileSync(path, 'latin1'))].join(
    '\n',
  )
}

// Compared as a boolean: a failure must not print all that was said.

/** Answers everything with an error that quotes what it was sent, as a debugging proxy does. */
function startEchoingPlatform() {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: ({ headers, url }) => {
      const said = `not accepted: ${headers.get('Authorization')}`
      const status = url.includes('/activity') ? 500 : 403
      return Response.json({ error: said, auth_token: 'x' }, { status, statusText: 'Bad' })
    },
  })
  return { url: `http://127.0.0.1:${server.port}`, [Symbol.dispose]: () => void server.stop(true) }
}

async function useEveryTool(plugin: PluginProcess): Promise<void> {
  await plugin.call('status')
  await plugin.call('list_peers')
  await plugin.call('get_workspace_info')
  await plugin.call('send_message_to_user', { message: 'hello' })
  await plugin.call('delegate_task', { workspace_id: crypto.randomUUID(), task: 'work' })
}

test.concurrent('with a platform that quotes it in every error, the token is shown nowhere', async () => {
  await using scene = await Scene.open()
  using platform = startEchoingPlatform()
  const member = scene.member()
  const env = scene.settings(member, {
    MOLECULE_PLATFORM_URL: platform.url,
    MOLECULE_LOG_LEVEL: 'debug',
    MOLECULE_HEARTBEAT_INTERVAL_MS: '1000',
  })
  const plugin = scene.process(env)
  await plugin.connect()
  await until('its words in the log', () => scene.log().includes('not accepted'))
  await useEveryTool(plugin)
  const said = everythingSaid(scene, plugin)
  expect(said.includes('not accepted')).toBe(true)
  expect(said.includes(member.token)).toBe(false)
})

test.concurrent('a token under the wrong name, or in a broken file, is shown nowhere', async () => {
  await using scene = await Scene.open()
  const { token } = scene.member()
  scene.newFolder('state')
  await Bun.write(scene.path('state', '.env'), `MOLECULE_WORKSPACE_TOKENS=${token}\n`)
  const plugin = scene.process({
    MOLECULE_STATE_DIR: scene.path('state'),
    MOLECULE_WORKSPACE_IDS: token,
    MOLECULE_PLATFORM_URL: `https://${token}@platform.example.com/?token=${token}`,
    MOLECULE_POLL_INTERVAL_MS: token,
    MOLECULE_AGENT_NAME: token,
    MOLECULE_ORG_ID: token,
    MOLECULE_LOG_LEVEL: 'debug',
  })
  await plugin.connect()
  await until('the problems in the log', () => scene.log().includes('MOLECULE_WORKSPACE_IDS'))
  await useEveryTool(plugin)
  expect(everythingSaid(scene, plugin).includes(token)).toBe(false)
})

test.concurrent('what the platform issues is kept for the owner alone and shown nowhere', async () => {
  await using scene = await Scene.open()
  const plugin = scene.process(scene.settings(scene.member(), { MOLECULE_LOG_LEVEL: 'debug' }))
  await plugin.connect()
  await plugin.receiving()
  const file = scene.path('state', 'issued-secrets.json')
  const issued = await until('the secrets', () => {
    try {
      return readFileSync(file, 'utf8')
    } catch {
      // Not written yet.
      return undefined
    }
  })
  const secrets = [...issued.matchAll(/"(?:inboundSecret|authToken)": "([^"]+)"/g)].map(
    ([, secret]) => secret,
  )
  expect(secrets.length).toBeGreaterThan(0)
  await useEveryTool(plugin)
  const said = everythingSaid(scene, plugin)
  expect(secrets.filter((secret = '') => said.includes(secret))).toEqual([])
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test.concurrent('everything in the state folder is for its owner alone', async () => {
  await using scene = await Scene.open()
  const plugin = scene.process(scene.settings(scene.member()))
  await plugin.connect()
  await plugin.receiving()
  const folder = scene.path('state')
  const open = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .concat(folder)
    .filter((path) => (statSync(path).mode & 0o077) !== 0)
  expect(open).toEqual([])
})
