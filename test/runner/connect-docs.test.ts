import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { EXIT } from '../../runner/exit-code.ts'
import { withTables } from '../../scripts/connect-docs.ts'

const document = readFileSync(new URL('../../docs/connect.md', import.meta.url), 'utf8')

test('docs/connect.md has every command and flag as --help has them', () => {
  expect(document).toBe(withTables(document))
})

test('docs/connect.md has every exit code', () => {
  for (const code of Object.values(EXIT)) expect(document).toContain(`\n| ${code} | `)
})
