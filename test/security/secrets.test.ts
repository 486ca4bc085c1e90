import { expect, setDefaultTimeout, test } from 'bun:test'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'
import type { PluginProcess } from '../../lab/driver/plugin-process.ts'
import { type Member, Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'
import { holdsAny, searchFolder } from '../../scripts/secret-search.ts'
import { QUOTES, startQuotingPlatform } from '../fixtures/quoting-platform.ts'

setDefaultTimeout(300_000)

/** The files that exist to hold secrets. */
const SECRET_FILES = new Set(['.env', 'issued-secrets.json'])
const OTHER_ID = '7c9e6679-7425-40de-944b-e07fc1f90ae7'
const ARGUMENTS: Readonly<Record<string, object>> = {
  reply_to_workspace: { text: 'hello' },
  send_message_to_user: { message: 'hello' },
  delegate_task: { workspace_id: OTHER_ID, task: 'work', wait_seconds: 1 },
  delegate_task_async: { workspace_id: OTHER_ID, task: 'work' },
  check_task_status: { task_id: OTHER_ID },
  commit_memory: { content: 'remember' },
  recall_memory: { query: 'remember' },
}

async function useEveryTool(plugin: PluginProcess): Promise<readonly string[]> {
  const { result } = await plugin.request('tools/list')
  const { tools } = z.object({ tools: z.array(z.object({ name: z.string() })) }).parse(result)
  return Promise.all(
    tools.map(async ({ name }) => `${name} ${await plugin.call(name, { ...ARGUMENTS[name] })}`),
  )
}

/** Where one of the secrets appears: names only, since a failure must not print what it found. */
function placesOf(secrets: readonly string[], scene: Scene, plugin: PluginProcess): readonly string[] {
  const files = searchFolder(scene.folder, secrets).map(({ path }) => path)
  const open = files.filter((path) => (statSync(path).mode & 0o077) !== 0)
  const texts: readonly (readonly [string, string])[] = [
    ['stdout', plugin.lines.join('\n')],
    ['stderr', plugin.stderr],
    ['the command line', readFileSync(`/proc/${plugin.pid}/cmdline`, 'latin1')],
    ...childrenOf(plugin.pid).flatMap((pid): readonly (readonly [string, string])[] => [
      [`the command line of child ${pid}`, readFileSync(`/proc/${pid}/cmdline`, 'latin1')],
      [`the environment of child ${pid}`, readFileSync(`/proc/${pid}/environ`, 'latin1')],
    ]),
  ]
  return [
    ...files.filter((path) => !SECRET_FILES.has(basename(path))),
    ...open.map((path) => `${path}, which others can read`),
    ...texts.flatMap(([place, text]) => (holdsAny(text, secrets) ? [place] : [])),
  ]
}

function childrenOf(pid: number): readonly number[] {
  const own = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean)
  return own.map(Number).flatMap((child) => [child, ...childrenOf(child)])
}

const settings = (scene: Scene, member: Member, more: Readonly<Record<string, string>> = {}) =>
  scene.settings(member, {
    MOLECULE_LOG_LEVEL: 'debug',
    MOLECULE_HEARTBEAT_INTERVAL_MS: '1000',
    ...more,
  })

for (const [state, quote] of Object.entries(QUOTES)) {
  test.concurrent(`the token appears nowhere when a platform ${state} and quotes it`, async () => {
    await using scene = await Scene.open()
    using platform = startQuotingPlatform(quote)
    const member = scene.member()
    const plugin = scene.process(settings(scene, member, { MOLECULE_PLATFORM_URL: platform.url }))
    await plugin.connect()
    await until('a look at the inbox', () => platform.asked.some((url) => url.includes('/activity')))
    const said = await useEveryTool(plugin)
    await until('a second beat or look', () => platform.asked.length > 10)
    expect(said.length).toBeGreaterThan(9)
    expect(placesOf([member.token], scene, plugin)).toEqual([])
    expect(platform.asked.filter((url) => holdsAny(url, [member.token]))).toEqual([])
  })
}

test.concurrent('what a platform quotes in a message or a name reaches the model without the token', async () => {
  await using scene = await Scene.open()
  const quote = QUOTES['says it in every field of a success']
  if (quote === undefined) throw new Error('there is no such platform')
  using platform = startQuotingPlatform(quote)
  const member = scene.member()
  const plugin = scene.process(settings(scene, member, { MOLECULE_PLATFORM_URL: platform.url }))
  await plugin.connect()
  const { content } = await until('the message', () => plugin.events[0])
  expect(content.replace(member.token, 'THE TOKEN')).toBe('you sent Bearer [token]')
  expect(placesOf([member.token], scene, plugin)).toEqual([])
})

test.concurrent('the token and issued secrets appear nowhere while all is well', async () => {
  await using scene = await Scene.open()
  const [member, peer] = [scene.member(), scene.member()]
  const { MOLECULE_STATE_DIR: state = '', ...inFile } = settings(scene, member)
  scene.newFolder('state')
  const lines = Object.entries(inFile).map(([name, value]) => `${name}=${value}\n`)
  writeFileSync(scene.path('state', '.env'), lines.join(''), { mode: 0o644 })
  const plugin = scene.process({ MOLECULE_STATE_DIR: state })
  await plugin.connect()
  await plugin.receiving()
  const issued = await until('the secrets', () => {
    try {
      return readFileSync(scene.path('state', 'issued-secrets.json'), 'utf8')
    } catch {
      // Not written yet.
      return undefined
    }
  })
  const secrets = [...issued.matchAll(/"(?:inboundSecret|authToken)": "([^"]+)"/g)].map(
    ([, secret = '']) => secret,
  )
  expect(secrets.length).toBeGreaterThan(0)
  await scene.person.write(member.id, 'hello')
  await until('the message', () => plugin.events[0])
  await useEveryTool(plugin)
  expect(placesOf([member.token, peer.token, ...secrets], scene, plugin)).toEqual([])
  expect(searchFolder(scene.folder, [member.token]).map(({ path }) => path)).toEqual([
    scene.path('state', '.env'),
  ])
  expect(scene.requests.filter((request) => holdsAny(request, [member.token, ...secrets]))).toEqual([])
})

test.concurrent('issued secrets are redacted from what the platform quotes, by the next session too', async () => {
  await using scene = await Scene.open()
  const secrets = ['authToken', 'inboundSecret'].map((name) => `${name}-${crypto.randomUUID()}`)
  const [auth_token, platform_inbound_secret] = secrets
  let quotes = false
  using platform = startQuotingPlatform((_, { url }) => {
    if (quotes) {
      return Response.json({ error: `expected ${auth_token} or ${platform_inbound_secret}` }, { status: 403 })
    }
    return Response.json({
      delivery_mode: 'poll',
      auth_token,
      platform_inbound_secret,
      status: 'online',
      url,
    })
  })
  const member = scene.member()
  const env = settings(scene, member, { MOLECULE_PLATFORM_URL: platform.url })
  for (const session of ['the first', 'the next']) {
    const plugin = scene.process(env)
    await plugin.connect()
    await until('the secrets to be kept', () => searchFolder(scene.folder, secrets).length > 0)
    quotes = true
    const asked = platform.asked.length
    await until(`${session} to ask by itself`, () => platform.asked.length > asked + 2)
    const said = await useEveryTool(plugin)
    expect(said.filter((text) => text.includes('expected [secret] or [secret]'))).not.toEqual([])
    expect(placesOf([member.token, ...secrets], scene, plugin)).toEqual([])
    plugin.signal('SIGKILL')
    await plugin.exited()
  }
})

test.concurrent('a tool that fails by its own fault shows no secret', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const plugin = scene.process(settings(scene, member))
  await plugin.connect()
  await plugin.receiving()
  plugin.write('{"jsonrpc":"2.0","id":{},"method":7}\n{"half\n')
  // The plugin may mend its ledger before a tool needs it.
  await until('a tool to fail by its own fault', async () => {
    for (const suffix of ['', '-wal', '-shm']) {
      writeFileSync(scene.path('state', `ledger.db${suffix}`), `garbage ${'x'.repeat(100_000)}`)
    }
    const said = await useEveryTool(plugin)
    return said.some((text) => text.includes('bug in the plugin'))
  })
  expect(placesOf([member.token], scene, plugin)).toEqual([])
})

test.concurrent('a token under the wrong name, or in a broken file, appears nowhere', async () => {
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
  expect(placesOf([token], scene, plugin)).toEqual([])
})

test.concurrent('everything in the state folder is accessible to its owner alone', async () => {
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
