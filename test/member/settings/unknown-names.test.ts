import { describe, expect, test } from 'bun:test'
import { Glob } from 'bun'
import { SETTING_NAMES } from '../../../member/settings/unknown-names.ts'
import { MINIMAL, warningsOf } from '../../fixtures/config.ts'

const ROOT = new URL('../../../', import.meta.url).pathname

describe('a name that nobody reads', () => {
  test('is warned of, in the environment and in the file, with what may be meant', () => {
    expect(warningsOf({ ...MINIMAL, MOLECULE_POLL_MS: '5' }, 'MOLECULE_WORKSPACE_ID=a\n')).toEqual([
      'The environment sets MOLECULE_POLL_MS, which is no setting of this plugin: correct or remove it.',
      'The .env file sets MOLECULE_WORKSPACE_ID (is MOLECULE_WORKSPACE_IDS meant?), which is no setting of this plugin: correct or remove it.',
    ])
  })

  test('is one of several in a sentence that speaks of several', () => {
    expect(warningsOf({ ...MINIMAL, MOLECULE_X: '1', MOLECULE_Y: '2' })).toEqual([
      'The environment sets MOLECULE_X, MOLECULE_Y, which are no settings of this plugin: correct or remove them.',
    ])
  })

  test('is named, but not its value, and not more than a few', () => {
    const odd = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`MOLECULE_X${index}`, 'a-secret-of-mine']),
    )
    const [sentence = '', ...others] = warningsOf({ ...MINIMAL, ...odd })
    expect(others).toEqual([])
    expect(sentence).toContain('and 92 more')
    expect(sentence).not.toContain('secret')
  })

  test('of another program, or of the platform, is no matter', () => {
    const others = { PATH: '/bin', CLAUDE_PLUGIN_ROOT: '/x', MOLECULE_ADMIN_TOKEN: 'x'.repeat(40) }
    expect(warningsOf({ ...MINIMAL, ...others })).toEqual([])
  })
})

test('the known names are those that are read', async () => {
  const sources = [...new Glob('member/settings/*.ts').scanSync(ROOT)].filter(
    (name) => !name.endsWith('unknown-names.ts'),
  )
  const names = async (files: readonly string[]): Promise<string[]> => {
    const texts = await Promise.all(files.map((name) => Bun.file(`${ROOT}${name}`).text()))
    return [...new Set(texts.join('\n').match(/MOLECULE_[A-Z_]+/g) ?? [])].sort()
  }
  const known = [...SETTING_NAMES].sort()
  expect(await names(sources)).toEqual(known)
})
