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

async function useEveryTool(plugin: PluginProcess, as?: Member): Promise<readonly string[]> {
  const more = as === undefined ? {} : { _as_workspace: as.id }
  const { result } = await plugin.request('tools/list')
  const { tools } = z.object({ tools: z.array(z.object({ name: z.string() })) }).parse(result)
  return Promise.all(
    tools.map(async ({ name }) => `${name} ${await plugin.call(name, { ...ARGUMENTS[name], ...more })}`),
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

const settings = (
  scene: Scene,
  member: Member | readonly Member[],
  more: Readonly<Record<string, string>> = {},
) =>
  scene.settings(member, {
    MOLECULE_LOG_LEVEL: 'debug',
    MOLECULE_HEARTBEAT_INTERVAL_MS: '1000',
    ...more,
  })

test.concurrent('the token appears nowhere when a platform refuses, fails, redirects or succeeds, and quotes it', async () => {
  await using scene = await Scene.open()
  using platforms = new DisposableStack()
  const all = Object.entries(QUOTES).map(([state, quote]) => ({
    state,
    platform: platforms.use(startQuotingPlatform(quote)),
    member: scene.member(),
  }))
  const members = all.map(({ member }) => member)
  const { MOLECULE_PLATFORM_URL: _, ...env } = settings(scene, members, {
    MOLECULE_PLATFORM_URLS: all.map(({ platform }) => platform.url).join(','),
  })
  const plugin = scene.process(env)
  await plugin.connect()
  const looked = (url: string): boolean => url.includes('/activity')
  await until('a look at each inbox', () => all.every(({ platform }) => platform.asked.some(looked)))
  const tokens = members.map(({ token }) => token)
  for (const { state, platform, member } of all) {
    const said = await useEveryTool(plugin, member)
    expect(said.length, state).toBeGreaterThan(9)
    await until('a second beat or look', () => platform.asked.length > 10)
    expect(placesOf(tokens, scene, plugin), state).toEqual([])
    expect(
      platform.asked.filter((url) => holdsAny(url, tokens)),
      state,
    ).toEqual([])
  }
  // What is quoted in a message reaches the model without the token.
  const { content } = await until('the message', () => plugin.events[0])
  expect(members.reduce((text, { token }) => text.replace(token, 'THE TOKEN'), content)).toBe(
    'you sent Bearer [token]',
  )
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
