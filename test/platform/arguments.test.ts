/** The command line and the environment. */
import { expect, test } from 'bun:test'
import { parseArguments } from '../../platform/arguments.ts'

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
])('%p in the environment is refused with a sentence', (environment, sentence) => {
  const parsed = parseArguments([], environment)
  expect(parsed).toMatchObject({ kind: 'invalid', message: expect.stringContaining(sentence) })
})

test('the stale window is given in seconds', () => {
  expect(parseArguments([], { REMOTE_LIVENESS_STALE_AFTER: '45' })).toMatchObject({
    arguments: { staleAfterMs: 45_000 },
  })
})
