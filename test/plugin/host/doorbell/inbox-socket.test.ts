import { afterAll, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { systemClock } from '../../../../base/clock.ts'
import { temporaryFolder } from '../../../../lab/driver/temporary-folder.ts'
import { until } from '../../../../lab/driver/until.ts'
import { hostInbox } from '../../../../plugin/host/doorbell/host-inbox.ts'
import { findInbox, putInto } from '../../../../plugin/host/doorbell/inbox-socket.ts'

const TOKEN = 'edbc04e3a70a4b18bccaff10a8de7467'
const PID = 4711
const scratch = temporaryFolder()
const servers: Server[] = []
afterAll(() => {
  for (const server of servers) server.close()
  scratch[Symbol.dispose]()
})

/** An inbox as the client has it: closed to others, named after its process. It keeps what each connection wrote. */
async function inbox(name = `${PID}.sock`, allowHalfOpen = false) {
  const folder = join(scratch.path, crypto.randomUUID().slice(0, 8))
  mkdirSync(folder, { mode: 0o700 })
  const path = join(folder, name)
  const received: string[] = []
  const server = createServer({ allowHalfOpen }, (socket) => {
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString()
    })
    socket.on('end', () => received.push(text))
    socket.on('error', () => {})
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(path, resolve))
  chmodSync(path, 0o600)
  return { folder, path, received, server }
}

const search = (path: string | undefined, more = {}) => ({
  variables: { socket: path, token: TOKEN },
  hostPids: [PID],
  uid: process.getuid?.(),
  ...more,
})
const refusalOf = (...given: Parameters<typeof search>): string | undefined => {
  const found = findInbox(search(...given))
  return 'refusal' in found ? found.refusal : undefined
}

describe('the inbox of a session', () => {
  test('is used if it is named after the host, and closed to other users', async () => {
    const { path } = await inbox()
    expect(findInbox(search(path))).toEqual({ address: { path, token: TOKEN } })
  })

  test('is not used if it is that of another session', async () => {
    const { path } = await inbox()
    expect(refusalOf(path, { hostPids: [PID + 1] })).toBe('the inbox it was given is that of another session')
  })

  test('is not used if it belongs to another user', async () => {
    const { path } = await inbox()
    expect(refusalOf(path, { uid: 54_321 })).toBe('its inbox belongs to another user')
  })

  test('is not used if other users could write to it, or replace it', async () => {
    const open = await inbox()
    chmodSync(open.path, 0o666)
    expect(refusalOf(open.path)).toBe('its inbox is open to other users')
    const { path, folder } = await inbox()
    chmodSync(folder, 0o777)
    expect(refusalOf(path)).toBe('its inbox is open to other users')
  })

  test('is not used if it is not there, is no socket, or has another name than clients give', async () => {
    const { folder } = await inbox()
    expect(refusalOf(join(folder, 'gone', `${PID}.sock`))).toStartWith('its inbox cannot be found: ')
    const file = join(scratch.path, `${PID}.sock`)
    writeFileSync(file, '', { mode: 0o600 })
    expect(refusalOf(file)).toBe('its inbox is not a socket in a folder')
    const other = await inbox('other')
    expect(refusalOf(other.path)).toContain('in a way that this plugin does not know')
    expect(refusalOf('relative/4711.sock')).toContain('in a way that this plugin does not know')
    expect(refusalOf(undefined)).toContain('gives the plugin no inbox to ring')
  })
})

describe('a prompt', () => {
  test('goes into the inbox as one line, after the line with the token', async () => {
    const { path, received } = await inbox()
    const prompt = 'line one\nline "two" \u{1f514}'
    await putInto({ path, token: TOKEN }, prompt, new AbortController().signal, systemClock)
    expect(received).toHaveLength(1)
    expect(received[0]?.split('\n').map((line) => (line === '' ? '' : JSON.parse(line)))).toEqual([
      { type: 'auth', token: TOKEN },
      { type: 'user', message: { role: 'user', content: prompt } },
      '',
    ])
  })

  test('that nobody takes is an error without the token', async () => {
    const { path, server } = await inbox()
    await new Promise((resolve) => server.close(resolve))
    const address = { path, token: TOKEN }
    const putting = putInto(address, 'x', new AbortController().signal, systemClock)
    const error: unknown = await putting.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(Error)
    expect(Bun.inspect(error)).not.toContain(TOKEN)
  })

  test('that was taken counts as put, also if the client leaves the connection open', async () => {
    const { path, received } = await inbox(undefined, true)
    // Time is up once the client has all of it.
    const after = (_ms: number, run: () => void): (() => void) => {
      void until('the prompt', () => received.length > 0).then(run)
      return () => {}
    }
    await putInto({ path, token: TOKEN }, 'x', new AbortController().signal, { after })
    expect(received).toHaveLength(1)
  })

  test('is not put where the settings of the client have come to refuse it', async () => {
    const { path, received, folder } = await inbox()
    const host = hostInbox({
      environment: {
        CLAUDE_CONFIG_DIR: folder,
        CLAUDE_PROJECT_DIR: scratch.path,
        CLAUDE_CODE_MESSAGING_SOCKET: path,
        CLAUDE_CODE_MESSAGING_TOKEN: TOKEN,
      },
      home: '/',
      ancestors: () => [],
      hostPids: () => [PID],
      clock: systemClock,
    })
    await host.put('one', new AbortController().signal)
    writeFileSync(join(folder, 'settings.json'), '{"crossSessionInbound":"refuse"}')
    expect(host.put('two', new AbortController().signal)).rejects.toThrow('crossSessionInbound: "refuse"')
    expect(received).toHaveLength(1)
  })

  test('is given up when the session ends', async () => {
    const { path } = await inbox()
    const ended = AbortSignal.abort()
    expect(putInto({ path, token: TOKEN }, 'x', ended, systemClock)).rejects.toThrow('the session ends')
  })
})

test('neither variable that leads to the inbox is left in the environment of this process', () => {
  const environment: Record<string, string | undefined> = {
    CLAUDE_CODE_MESSAGING_SOCKET: '/x/4711.sock',
    CLAUDE_CODE_MESSAGING_TOKEN: TOKEN,
    PATH: '/bin',
  }
  hostInbox({ environment, home: '/', ancestors: () => [], hostPids: () => [PID], clock: systemClock })
  expect(environment).toEqual({ PATH: '/bin' })
})
