import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, writeFileSync } from 'node:fs'
import { type Member, Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'
import { CountingProxy } from '../fixtures/counting-proxy.ts'
import { CERTIFICATE, startTlsPlatform } from '../fixtures/tls-platform.ts'

setDefaultTimeout(300_000)

const VARIABLES = [
  'HTTP_PROXY',
  'http_proxy',
  'HTTPS_PROXY',
  'https_proxy',
  'ALL_PROXY',
  'all_proxy',
] as const

/** A shell in which every proxy variable is set, and none excepts this machine. */
function proxied(url: string): Record<string, string> {
  const variables = Object.fromEntries(VARIABLES.map((name) => [name, url]))
  return { ...variables, NO_PROXY: 'example.com', no_proxy: 'example.com' }
}

/** Exchanges a message and its answer, with a file in each direction, and waits for a heartbeat. */
async function converse(scene: Scene, member: Member, env: Readonly<Record<string, string>>): Promise<void> {
  const host = await scene.host(scene.settings(member, { MOLECULE_HEARTBEAT_INTERVAL_MS: '1000', ...env }))
  await host.receiving()
  const files = await scene.person.attach(member.id, new File(['from the person'], 'question.txt'))
  await scene.person.write(member.id, 'look', files)
  const { meta } = await host.event(({ content }) => content === 'look')
  expect(existsSync(meta.attachment_1_path ?? '')).toBe(true)
  const attachment = scene.path('answer.txt')
  writeFileSync(attachment, 'from the agent')
  const args = { activity_id: meta.activity_id, text: 'seen', attachments: [attachment] }
  expect(await host.call('reply_to_workspace', args)).toMatchObject({ isError: false })
  expect(await scene.person.filesFrom(member.id)).toHaveLength(1)
  await until('a heartbeat', () => scene.requests.includes('POST /registry/heartbeat'))
  await until('a stream', () => scene.requests.some((request) => request.endsWith('/events/stream')))
}

test.concurrent('no request to a platform on this machine goes to a proxy, whichever variables name one', async () => {
  await using scene = await Scene.open()
  await using proxy = await CountingProxy.start()
  await converse(scene, scene.member(), proxied(proxy.url))
  expect(proxy.asked).toEqual([])
})

test.concurrent('over https a proxy carries a tunnel, and never reads the token', async () => {
  await using scene = await Scene.open()
  using platform = startTlsPlatform()
  await using proxy = await CountingProxy.start(platform.port)
  const member = scene.member()
  writeFileSync(scene.path('authority.pem'), CERTIFICATE)
  const plugin = scene.process(
    scene.settings(member, {
      ...proxied(proxy.url),
      NODE_EXTRA_CA_CERTS: scene.path('authority.pem'),
      MOLECULE_PLATFORM_URL: 'https://hosted.test',
    }),
  )
  await plugin.connect()
  await until('a request through the tunnel', () => platform.bearers.length > 0)
  expect(platform.bearers[0]).toBe(`Bearer ${member.token}`)
  expect(new Set(proxy.asked)).toEqual(new Set(['CONNECT hosted.test:443 HTTP/1.1']))
  expect(proxy.read).not.toContain(member.token)
})

test.concurrent('a proxy that refuses the tunnel is named, and gets no token', async () => {
  await using scene = await Scene.open()
  await using proxy = await CountingProxy.start()
  const member = scene.member()
  const env = {
    ...proxied(proxy.url.replace('//', '//user:proxy-password@')),
    MOLECULE_PLATFORM_URL: 'https://hosted.test',
  }
  const plugin = scene.process(scene.settings(member, env))
  await plugin.connect()
  await until('the reason', () => plugin.stderr.includes('the proxy in HTTPS_PROXY or ALL_PROXY refused'))
  expect(proxy.read).not.toContain(member.token)
  expect(plugin.stderr).not.toContain('proxy-password')
})

test.concurrent('NODE_TLS_REJECT_UNAUTHORIZED=0 gives the token to nobody without a trusted certificate', async () => {
  await using scene = await Scene.open()
  using platform = startTlsPlatform()
  const url = `https://localhost:${platform.port}`
  const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0', MOLECULE_PLATFORM_URL: url }
  const plugin = scene.process(scene.settings(scene.member(), env))
  await plugin.connect()
  await until('the reason', () => plugin.stderr.includes('name its file in NODE_EXTRA_CA_CERTS'))
  expect(platform.bearers).toEqual([])
})

/** What Bun reads from the environment of a shell, an editor or a debugger. */
const BUN_VARIABLES: Readonly<Record<string, string>> = {
  BUN_CONFIG_VERBOSE_FETCH: 'curl',
  BUN_CONFIG_MAX_HTTP_REQUESTS: '1',
  BUN_INSPECT: 'ws://127.0.0.1:0/debug?wait=1',
  BUN_INSPECT_CONNECT_TO: '127.0.0.1:9',
  BUN_INSPECT_NOTIFY: 'tcp://127.0.0.1:9',
  BUN_INSPECT_PRELOAD: './missing.ts',
  BUN_OPTIONS: '--inspect-wait=0 --preload=./missing.ts',
  NODE_OPTIONS: '--require ./missing.js --inspect-brk=0',
}

test.concurrent('what Bun reads from the environment stops no start, opens no debugger and prints no token', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const plugin = scene.process(scene.settings(member, BUN_VARIABLES))
  await plugin.connect()
  await plugin.receiving()
  expect(plugin.stderr).not.toContain(member.token)
  expect(plugin.stderr).not.toContain('Inspector')
  for (const line of plugin.stderr.trim().split('\n')) expect(line).toStartWith('molecule channel: ')
})

test.concurrent('on a full disk behind stderr the session works, says so in its log, and ends with its host', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const wrapper = ['sh', '-c', 'exec "$@" 2>/dev/full', 'sh']
  const plugin = scene.process(scene.settings(member, { MOLECULE_LOG_LEVEL: 'debug' }), { wrapper })
  await plugin.connect()
  await plugin.receiving()
  expect(scene.log().split('stderr cannot be written')).toHaveLength(2)
  expect(await plugin.call('status')).toContain('receiving: yes')
  plugin.endInput()
  expect(await plugin.exited()).toBe(0)
})
