import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PLUGIN_ROOT } from '../../lab/driver/plugin-command.ts'

interface Threat {
  readonly threat: string
  /** The third column: files, each with the titles of tests in it. */
  readonly tests: string
}

const text = readFileSync(join(PLUGIN_ROOT, 'SECURITY.md'), 'utf8')
const threats: readonly Threat[] = text.split('\n').flatMap((line) => {
  const [, threat = '', , tests = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim())
  return tests === '' || tests === 'Test' || /^-+$/.test(tests) ? [] : [{ threat, tests }]
})

/** Test titles as the document writes them, with `…` for what varies. */
function titlesIn(path: string): ReadonlySet<string> {
  const source = readFileSync(join(PLUGIN_ROOT, path), 'utf8')
  const calls = source.matchAll(/\b(test[.\w]*)(?:\(|<)|\)\(|\]\)\(/g)
  const titles = [...calls].flatMap(({ index, 0: call, 1: name }) => {
    if (/\.(?:skip|todo|failing)\b/.test(name ?? '')) return []
    const found = /^\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)\s*,/.exec(
      source.slice(index + call.length),
    )
    const title = found?.[1] ?? found?.[2] ?? found?.[3]
    return title === undefined ? [] : [title.replace(/\$\{[^}]*\}|%[sdifjop]/g, '…').replaceAll('\\', '')]
  })
  return new Set(titles)
}

/** `file`: "title", "title"; `file`: "title" */
function namedIn(tests: string): readonly (readonly [string, string])[] {
  return [...tests.matchAll(/`([^`]+)`: ((?:"[^"]+"(?:, )?)+)/g)].flatMap(([, path = '', titles = '']) =>
    [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => [path, title] as const),
  )
}

describe('the table of threats', () => {
  test('has its rows', () => {
    expect(threats.length).toBeGreaterThan(25)
  })

  test.each(threats.map(({ threat, tests }) => [threat, tests] as const))(
    '%s: its tests exist',
    (_, tests) => {
      const named = namedIn(tests)
      expect(named).not.toEqual([])
      // Nothing is left that only looks like a test's name.
      expect(tests.replaceAll(/`[^`]+`: (?:"[^"]+"(?:, )?)+(?:; )?/g, '')).toBe('')
      const missing = named.filter(
        ([path, title]) => !existsSync(join(PLUGIN_ROOT, path)) || !titlesIn(path).has(title),
      )
      expect(missing).toEqual([])
    },
  )
})
