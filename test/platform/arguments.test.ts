/** The command line and the environment. */
import { expect, test } from 'bun:test'
import { parseArguments } from '../../platform/arguments.ts'
import { databasePath } from '../../platform/database-path.ts'

test('the defaults are loopback, port 8080 and the newest contract', () => {
  expect(parseArguments([])).toEqual({
    kind: 'run',
    arguments: {
      port: 8080,
      host: '127.0.0.1',
      db: undefined,
      adminToken: undefined,
      allowedHosts: [],
      contract: 'v2',
      rateLimit: 600,
      staleAfterMs: undefined,
      provisionTimeoutMs: undefined,
      requestLog: false,
    },
  })
})

test.each([
  [['--port', 'x'], '--port is x'],
  [['--port', '65536'], '--port is 65536'],
  [['--port', '-1'], ''],
  [['--contract', 'v3'], '--contract is v3'],
  [['--rate-limit', '1.5'], '--rate-limit is 1.5'],
  [['--admin-token', 'short'], '--admin-token must be'],
  [['--host', '0.0.0.0'], 'needs an operator token'],
  [['--port', '9e3'], '--port is 9e3'],
  [['--allow-host', '*.example.com'], '--allow-host is *.example.com'],
  [['--allow-host', 'user@chat.example'], '--allow-host is user@chat.example'],
  [['--host', '192.168.0.1'], 'needs an operator token'],
  [['--host', '127.evil.example'], 'needs an operator token'],
  [['--nonsense'], ''],
  [['stray'], ''],
])('%p is refused with a sentence', (argv, sentence) => {
  const parsed = parseArguments(argv)
  expect(parsed).toMatchObject({ kind: 'invalid', message: expect.stringContaining(sentence) })
})

test('other machines can connect only when an operator token is set', () => {
  const token = 'a-token-of-the-operator'
  expect(parseArguments(['--host', '0.0.0.0', '--admin-token', token])).toMatchObject({ kind: 'run' })
})

test('the operator token can come from the environment, which other users of the machine cannot read', () => {
  const environment = { MOLECULE_ADMIN_TOKEN: 'a-token-of-the-operator' }
  expect(parseArguments(['--host', '0.0.0.0'], environment)).toMatchObject({
    arguments: { adminToken: 'a-token-of-the-operator' },
  })
  const given = ['--admin-token', 'a-token-that-was-given']
  expect(parseArguments(given, environment)).toMatchObject({
    arguments: { adminToken: 'a-token-that-was-given' },
  })
  expect(parseArguments([], { MOLECULE_ADMIN_TOKEN: '' })).toMatchObject({
    arguments: { adminToken: undefined },
  })
})

test.each([
  [{ MOLECULE_ADMIN_TOKEN: 'short' }, 'MOLECULE_ADMIN_TOKEN must be'],
  [{ REMOTE_LIVENESS_STALE_AFTER: '1m' }, 'REMOTE_LIVENESS_STALE_AFTER is 1m'],
  [{ REMOTE_LIVENESS_STALE_AFTER: '0' }, 'REMOTE_LIVENESS_STALE_AFTER is 0'],
  [{ PROVISION_TIMEOUT_SECONDS: '1 h' }, 'PROVISION_TIMEOUT_SECONDS is "1 h"'],
])('%p in the environment is refused with a sentence', (environment, sentence) => {
  const parsed = parseArguments([], environment)
  expect(parsed).toMatchObject({ kind: 'invalid', message: expect.stringContaining(sentence) })
})

test('the stale window is given in seconds', () => {
  expect(parseArguments([], { REMOTE_LIVENESS_STALE_AFTER: '45' })).toMatchObject({
    arguments: { staleAfterMs: 45_000 },
  })
})

test('a blank option or setting counts as not set, so an empty shell variable changes nothing', () => {
  const blank = {
    MOLECULE_ADMIN_TOKEN: ' ',
    REMOTE_LIVENESS_STALE_AFTER: '\t',
    PROVISION_TIMEOUT_SECONDS: '',
  }
  const argv = ['port', 'db', 'host', 'admin-token', 'allow-host', 'contract', 'rate-limit']
  expect(
    parseArguments(
      argv.flatMap((name) => [`--${name}`, ' ']),
      blank,
    ),
  ).toEqual(parseArguments([]))
  // With an operator token, an empty address must not come to mean every address of the machine.
  const token = { MOLECULE_ADMIN_TOKEN: 'a-token-of-the-operator' }
  expect(parseArguments(['--host', ''], token)).toMatchObject({ arguments: { host: '127.0.0.1' } })
})

test('blanks around a value, another case and another form of the same value are understood', () => {
  const environment = {
    MOLECULE_ADMIN_TOKEN: 'a-token-of-the-operator\r\n',
    REMOTE_LIVENESS_STALE_AFTER: ' 045 ',
    PROVISION_TIMEOUT_SECONDS: '60\n',
  }
  const argv = ['--port', ' 9000 ', '--contract', 'V1', '--host', 'LocalHost', '--rate-limit', ' 5']
  expect(parseArguments(argv, environment)).toMatchObject({
    arguments: {
      port: 9000,
      contract: 'v1',
      host: 'localhost',
      rateLimit: 5,
      adminToken: 'a-token-of-the-operator',
      staleAfterMs: 45_000,
      provisionTimeoutMs: 60_000,
    },
  })
  for (const host of ['127.0.0.2', '[::1]']) expect(parseArguments(['--host', host]).kind).toBe('run')
})

test('an allowed host may be pasted as the address of a page, with a port, or as one of several', () => {
  const argv = ['--allow-host', 'https://Chat.Example:8443/x', '--allow-host', 'one.example., two.example:80']
  expect(parseArguments(argv)).toMatchObject({
    arguments: { allowedHosts: ['chat.example', 'one.example', 'two.example'] },
  })
})

test('the default file is in the data folder when that is a full path, else in the home folder', () => {
  expect(databasePath(undefined, ' /data ')).toBe('/data/molecule-platform/platform.db')
  for (const useless of [undefined, ' ', 'relative/data'])
    expect(databasePath(undefined, useless)).toBe(databasePath(undefined, ''))
  expect(databasePath(':Memory:', undefined)).toBe(':memory:')
})
