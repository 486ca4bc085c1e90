import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Environment, parseConfig } from '../../../member/settings/config.ts'
import { SETTING_ROWS } from '../../../member/settings/setting-table.ts'
import { HOME } from '../../fixtures/config.ts'

const NAMES = ['CLAUDE_CONFIG_DIR', ...SETTING_ROWS.map(({ name }) => name)]

const text = fc.string({ unit: 'binary' })
const value = fc.oneof(text, fc.json(), fc.webUrl(), fc.uuid(), fc.integer().map(String))
const environment = fc.dictionary(fc.constantFrom(...NAMES), value)
const fileText = fc.oneof(
  text,
  environment.map((entries) =>
    Object.entries(entries)
      .map(([name, entry]) => `${name}=${entry}`)
      .join('\n'),
  ),
)

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const token = fc.string({ unit: fc.constantFrom(...BASE64URL), minLength: 43, maxLength: 43 })
// Commas would split the list and quotes end the value in the file, as they would for a person.
const platformUrl = fc
  .tuple(fc.domain(), fc.array(fc.stringMatching(/^[a-z0-9._~-]{1,8}$/), { maxLength: 3 }))
  .map(([host, path]) => new URL(`https://${[host, ...path].join('/')}`).href.replace(/\/+$/, ''))
const target = fc.record({ workspaceId: fc.uuid(), token, platformUrl })
const targets = fc.uniqueArray(target, {
  minLength: 1,
  maxLength: 8,
  selector: ({ workspaceId }) => workspaceId,
})

interface Wanted {
  readonly workspaceId: string
  readonly token: string
  readonly platformUrl: string
}

function asLists(wanted: readonly Wanted[]): Environment {
  return {
    MOLECULE_WORKSPACE_IDS: wanted.map((one) => one.workspaceId).join(),
    MOLECULE_WORKSPACE_TOKENS: wanted.map((one) => one.token).join(),
    MOLECULE_PLATFORM_URLS: wanted.map((one) => one.platformUrl).join(),
  }
}

function asJson(wanted: readonly Wanted[]): Environment {
  const entries = wanted.map((one) => ({
    id: one.workspaceId,
    token: one.token,
    platform_url: one.platformUrl,
  }))
  return { MOLECULE_WORKSPACES_JSON: JSON.stringify(entries) }
}

describe('parseConfig, for every input', () => {
  test('never throws, and either is ok or says what is wrong', () => {
    fc.assert(
      fc.property(environment, fc.option(fileText, { nil: undefined }), (real, file) => {
        const result = parseConfig(real, file, HOME)
        if (result.ok) expect(result.config.targets.length).toBeGreaterThan(0)
        else expect(result.problems.length).toBeGreaterThan(0)
      }),
      { numRuns: 500 },
    )
  })

  test('every sentence is one short line', () => {
    fc.assert(
      fc.property(environment, (real) => {
        const result = parseConfig(real, undefined, HOME)
        for (const sentence of [...result.warnings, ...(result.ok ? [] : result.problems)]) {
          expect(sentence.length).toBeLessThan(700)
          expect(sentence).not.toMatch(/\p{Cc}/u)
          expect(sentence).toEndWith('.')
        }
      }),
      { numRuns: 300 },
    )
  })

  test('no sentence contains a token, whatever other settings it stands under', () => {
    const secret = fc
      .string({ unit: 'grapheme-ascii', minLength: 8, maxLength: 60 })
      .filter((one) => /^[^,\s]+$/.test(one))
    fc.assert(
      fc.property(fc.oneof(token, secret), fc.subarray(NAMES), fc.boolean(), (one, names, swapped) => {
        const real: Environment = {
          ...Object.fromEntries(names.map((name) => [name, swapped ? one : `x${one}y`])),
          MOLECULE_WORKSPACE_TOKENS: one,
        }
        const result = parseConfig(real, undefined, HOME)
        const said = [...result.warnings, ...(result.ok ? [] : result.problems)].join('\n')
        expect(said).not.toContain(one)
      }),
      { numRuns: 500 },
    )
  })

  test('a valid configuration comes back as it went in, from lists, from JSON and from the file', () => {
    fc.assert(
      fc.property(targets, (wanted) => {
        for (const real of [asLists(wanted), asJson(wanted)]) {
          const file = Object.entries(real)
            .map(([name, entry]) => `${name}='${entry}'`)
            .join('\n')
          const results = [parseConfig(real, undefined, HOME), parseConfig({}, file, HOME)]
          for (const result of results) {
            expect(result).toMatchObject({ ok: true, config: { targets: wanted }, warnings: [] })
          }
        }
      }),
    )
  })
})
