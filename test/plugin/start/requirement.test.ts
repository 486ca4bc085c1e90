import { expect, test } from 'bun:test'
import { unmetRequirement } from '../../../plugin/start/requirement.js'

const judge = (version: string): string | undefined =>
  unmetRequirement('>=1.4.3', { version, path: '/usr/bin/bun' })

test.each(['1.4.3', '1.4.10', '1.5.0', '2.0.0', '1.4.3-canary.20260101', '1.10.0'])(
  'Bun %s can run a plugin that needs 1.4.3',
  (version) => expect(judge(version)).toBeUndefined(),
)

test.each(['1.4.2', '1.3.14', '0.9.9', '1.4', '1.4.2-canary.9', ''])(
  'Bun "%s" is too old for it',
  (version) => {
    expect(judge(version)).toContain('needs Bun 1.4.3 or newer')
  },
)

test('the sentence names what was found, where, and what to run', () => {
  expect(judge('1.2.0')).toBe(
    'The Molecule channel needs Bun 1.4.3 or newer, but was started with Bun 1.2.0 (/usr/bin/bun): ' +
      'run `bun upgrade` (or `npm i -g bun@latest`), then start Claude Code again.',
  )
})
