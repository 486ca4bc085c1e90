/** The program itself: what it prints, how it stops, what it says when it cannot start. */
import { expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Client } from './contract/client.ts'
import { run } from './program.ts'

test('the first start prints working blocks; later starts list the team and how to join it', async () => {
  const data = mkdtempSync(join(tmpdir(), 'local-platform-'))
  const first = run(['--port', '0'], { XDG_DATA_HOME: data })
  const printed = await first.readUntil('Stop with')
  const setting = (name: string) => RegExp(`^${name}=(\\S+)$`, 'm').exec(printed)?.[1] ?? ''
  const [url, id, token] = ['URL', 'IDS', 'TOKENS'].map((end) =>
    setting(`MOLECULE_${end === 'URL' ? 'PLATFORM' : 'WORKSPACE'}_${end}`),
  )
  const client = new Client(url ?? '')
  expect((await client.call('GET', `/workspaces/${id}/activity`, token ? { token } : {})).status).toBe(200)
  expect(printed.match(/^MOLECULE_WORKSPACE_IDS=/gm)).toHaveLength(3)
  expect(printed).toMatch(/^Chat: +http:\/\/127\.0\.0\.1:\d+\/#token=\S+$/m)
  // What ./molecule join reads: there while the platform runs, for this user alone.
  const operatorFile = join(data, 'molecule-platform', 'platform.db-operator')
  expect(statSync(operatorFile).mode & 0o777).toBe(0o600)
  const left: unknown = JSON.parse(readFileSync(operatorFile, 'utf8'))
  expect(left).toEqual({ url, key: expect.stringMatching(/^[\w-]{43}$/) })
  const key = String(Reflect.get(Object(left), 'key'))
  expect(printed).not.toContain(key)
  expect((await client.call('GET', '/workspaces', { token: key })).status).toBe(200)
  first.child.kill('SIGTERM')
  expect(await first.child.exited).toBe(0)
  expect(existsSync(operatorFile)).toBe(false)

  const second = run(['--port', '0'], { XDG_DATA_HOME: data })
  const later = await second.readUntil('Stop with')
  expect(later).toContain(`${id}  lead`)
  expect(later).toContain('./molecule join lead')
  expect(later).not.toContain(token ?? '')
  // Only the link holds the operator token: others could read it in a command that is typed.
  const operator = /#token=(\S+)$/m.exec(later)?.[1] ?? ''
  expect(later.split(operator)).toHaveLength(2)
  second.child.kill('SIGINT')
  expect(await second.child.exited).toBe(0)
  rmSync(data, { recursive: true })
})

test('two platforms never share a port: the second names the port, the first by its process, and the remedy', async () => {
  const first = run(['--port', '0', '--db', ':memory:'])
  const port = /^Platform: +\S+:(\d+)$/m.exec(await first.readUntil('Stop with'))?.[1] ?? ''
  const second = run(['--port', port, '--db', ':memory:'])
  expect(await second.child.exited).toBe(1)
  const said = await second.errors()
  expect(said).toContain(`Port ${port} is in use by another Molecule platform (process ${first.child.pid}).`)
  expect(said).toContain(`--port ${Number(port) + 1}`)
  first.child.kill('SIGTERM')
  await first.child.exited
})

test('a second start on the same file and port says which platform has both', async () => {
  const data = mkdtempSync(join(tmpdir(), 'local-platform-'))
  const first = run(['--port', '0'], { XDG_DATA_HOME: data })
  const port = /^Platform: +\S+:(\d+)$/m.exec(await first.readUntil('Stop with'))?.[1] ?? ''
  const second = run(['--port', port], { XDG_DATA_HOME: data })
  expect(await second.child.exited).toBe(1)
  const said = await second.errors()
  expect(said).toContain('platform.db is in use by another platform')
  expect(said).toContain(`Process ${first.child.pid} is a platform that listens on port ${port}.`)
  first.child.kill('SIGTERM')
  await first.child.exited
  rmSync(data, { recursive: true })
})

test('a port in use and a file that cannot be created get one sentence with the remedy', async () => {
  const blocker = Bun.serve({
    port: 0,
    reusePort: false,
    hostname: '127.0.0.1',
    fetch: () => new Response(''),
  })
  for (const [argv, sentence, exitCode = 1] of [
    [
      ['--port', String(blocker.port), '--db', ':memory:'],
      `Port ${blocker.port} is in use by ${basename(process.execPath)} (process ${process.pid})`,
    ],
    [['--port', '0', '--db', '/proc/nowhere/p.db'], 'with --db'],
    [
      ['--port', '0', '--db', ':memory:', '--host', '192.0.2.1', '--admin-token', 'a'.repeat(16)],
      'with --host',
    ],
    [['--port', 'x'], '--port is x', 2],
    [['--bogus'], "Unknown option '--bogus'. See ./molecule platform --help.", 2],
  ] as const) {
    const { child, errors } = run(argv)
    expect(await child.exited).toBe(exitCode)
    const said = await errors()
    expect(said).toContain(sentence)
    expect(said.trimEnd().split('\n')).toHaveLength(1)
  }
  await blocker.stop(true)
})

test('an open stream does not keep the program from stopping', async () => {
  const adminToken = 'operator-token-of-a-test'
  const { child, readUntil } = run(['--port', '0', '--db', ':memory:', '--admin-token', adminToken])
  const printed = await readUntil('Stop with')
  const client = new Client(/^Platform: +(\S+)$/m.exec(printed)?.[1] ?? '')
  const id = /^MOLECULE_WORKSPACE_IDS=(\S+)$/m.exec(printed)?.[1]
  const stream = await client.open('GET', `/workspaces/${id}/events/stream`, { token: adminToken })
  child.kill('SIGTERM')
  expect(await child.exited).toBe(0)
  await stream.text().catch(() => '')
})

test('what was answered survives a kill of the process', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'local-platform-'))
  const adminToken = 'operator-token-of-a-test'
  const argv = ['--port', '0', '--db', join(folder, 'p.db'), '--admin-token', adminToken]
  const killed = run(argv)
  const printed = await killed.readUntil('Stop with')
  const client = new Client(/^Platform: +(\S+)$/m.exec(printed)?.[1] ?? '')
  const id = /^MOLECULE_WORKSPACE_IDS=(\S+)$/m.exec(printed)?.[1]
  const notice = { token: adminToken, body: { message: 'answered in time' } }
  expect((await client.call('POST', `/workspaces/${id}/notify`, notice)).status).toBe(200)
  killed.child.kill('SIGKILL')
  await killed.child.exited
  const again = run(argv)
  const url = /^Platform: +(\S+)$/m.exec(await again.readUntil('Stop with'))?.[1] ?? ''
  const page = await new Client(url).call('GET', `/workspaces/${id}/activity`, { token: adminToken })
  expect(page.text).toContain('answered in time')
  again.child.kill('SIGTERM')
  await again.child.exited
  rmSync(folder, { recursive: true })
})

test('the request log holds JSON lines without tokens, queries or bodies', async () => {
  const adminToken = 'operator-token-of-a-test'
  const { child, readUntil, errors } = run([
    '--port',
    '0',
    '--db',
    ':memory:',
    '--admin-token',
    adminToken,
    '--request-log',
  ])
  const printed = await readUntil('Stop with')
  const client = new Client(/^Platform: +(\S+)$/m.exec(printed)?.[1] ?? '')
  await client.call('GET', '/workspaces?secret=query', { token: adminToken })
  child.kill('SIGTERM')
  await child.exited
  const said = await errors()
  expect(JSON.parse(said.trim())).toMatchObject({ method: 'GET', path: '/workspaces', status: 200 })
  expect(said).not.toContain(adminToken)
  expect(said).not.toContain('query')
})

test('the environment can supply the operator token', async () => {
  const adminToken = 'operator-token-of-a-test'
  const { child, readUntil } = run(['--port', '0', '--db', ':memory:'], { MOLECULE_ADMIN_TOKEN: adminToken })
  const url = /^Platform: +(\S+)$/m.exec(await readUntil('Stop with'))?.[1] ?? ''
  expect((await new Client(url).call('GET', '/workspaces', { token: adminToken })).status).toBe(200)
  child.kill('SIGTERM')
  await child.exited
})

test('help names every option', async () => {
  const { child, readUntil } = run(['--help'])
  const text = await readUntil('this text')
  for (const option of [
    '--port',
    '--db',
    '--host',
    '--allow-host',
    '--admin-token',
    '--contract',
    '--request-log',
    'MOLECULE_ADMIN_TOKEN',
  ]) {
    expect(text).toContain(option)
  }
  expect(await child.exited).toBe(0)
})

test('a full disk behind stderr loses the log, and nothing else', async () => {
  const { child, readUntil } = run(['--port', '0', '--db', ':memory:', '--request-log'], {}, [
    'sh',
    '-c',
    'exec "$@" 2>/dev/full',
    'sh',
  ])
  const url = /^Platform: +(\S+)$/m.exec(await readUntil('Stop with'))?.[1] ?? ''
  for (let n = 0; n < 3; n++) expect((await new Client(url).call('GET', '/health')).status).toBe(200)
  child.kill('SIGTERM')
  expect(await child.exited).toBe(0)
})
