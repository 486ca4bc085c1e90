import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PLUGIN_ROOT } from '../../lab/driver/plugin-command.ts'

/** Of Bun and of Node.js, up to the end of its options. */
const START = /(?:\bBun\.spawn(?:Sync)?|(?<![.\w])(?:spawn|fork|exec|execFile))\((?:[^()]|\([^()]*\))*\)/g

test('a process that the product starts is given its environment: without one, Bun passes on what was taken out', () => {
  const sources = [...new Bun.Glob('{base,member,plugin,runner,platform}/**/*.{ts,js}').scanSync(PLUGIN_ROOT)]
  const starts = sources.flatMap((file) =>
    [...readFileSync(join(PLUGIN_ROOT, file), 'utf8').matchAll(START)]
      .filter(([start]) => start.includes('{'))
      .map(([start]) => ({ file, isGiven: /\benv\b/.test(start) })),
  )
  expect(starts.length).toBeGreaterThan(6)
  expect(starts.filter(({ isGiven }) => !isGiven)).toEqual([])
})
