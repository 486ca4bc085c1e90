import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Glob } from 'bun'
import { SETTING_ROWS, SETTINGS } from '../../../member/settings/setting-table.ts'
import { settingTable } from '../../../scripts/setting-rows.ts'

const ROOT = join(import.meta.dir, '../../..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
/** Settings of the platform and of the tests, and what a backend of the runner finds in its environment. */
const OTHERS =
  /^MOLECULE_(ADMIN_TOKEN|DEPLOY_MODE|CONTRACT_|SECRET_MARK|ACTIVITY_ID|CALLER_ID|KIND|PEER_NAME|FILES|REDELIVERED)/

/** The TypeScript files below some folders. */
function filesIn(folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) => [...new Glob(`${folder}/**/*.ts`).scanSync(ROOT)])
}

describe('the table of settings', () => {
  test('stands in the README: `bun scripts/setting-rows.ts` prints it', () => {
    expect(read('README.md')).toContain(`\n\n${settingTable()}\n\n`)
  })

  test('has every setting that the code, the README or a skill names', () => {
    const names = SETTING_ROWS.map(({ name }) => name)
    const files = [...filesIn(['member', 'plugin', 'lab']), ...new Glob('skills/**/*.md').scanSync(ROOT)]
    const named = [...files, 'README.md', 'platform-urls.ts'].flatMap(
      (file) => read(file).match(/\bMOLECULE_[A-Z]+(?:_[A-Z]+)*\b(?!_)/g) ?? [],
    )
    const unknown = [...new Set(named)].filter((name) => !OTHERS.test(name) && !names.includes(name))
    expect(unknown).toEqual([])
  })

  test('has no setting that nothing reads', () => {
    const sources = filesIn(['member/settings'])
      .filter((file) => !file.endsWith('/setting-table.ts'))
      .map(read)
      .join('\n')
    const unread = Object.keys(SETTINGS).filter((key) => !new RegExp(`\\bSETTINGS\\.${key}\\b`).test(sources))
    expect(unread).toEqual([])
  })

  test('has each name once, and a full sentence on each', () => {
    const names = SETTING_ROWS.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const { name, rule, meaning } of SETTING_ROWS) {
      expect(name).toMatch(/^MOLECULE_[A-Z_]+$/)
      expect(rule).not.toMatch(/\.$|\||\n/)
      expect(meaning).toMatch(/^[^|\n]+\.$/)
    }
  })
})
