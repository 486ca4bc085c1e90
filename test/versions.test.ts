import { expect, test } from 'bun:test'
import plugin from '../.claude-plugin/plugin.json'
import packageFile, { version } from '../package.json'
import { unmetRequirement } from '../plugin/start/requirement.js'

test('the plugin is published under the version of the package, which the changelog names first', async () => {
  expect(plugin.version).toBe(version)
  const changelog = await Bun.file(new URL('../docs/CHANGELOG.md', import.meta.url)).text()
  expect(/^## (\d+\.\d+\.\d+)\b/m.exec(changelog)?.[1]).toBe(version)
})

test('every document names the Bun that package.json demands, and the pinned one meets that demand', async () => {
  const needed = packageFile.engines.bun.replace('>=', '')
  const pinned = packageFile.packageManager.replace('bun@', '')
  for (const name of ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md']) {
    const text = await Bun.file(new URL(`../${name}`, import.meta.url)).text()
    const named = [...text.matchAll(/\bBun (\d+\.\d+(?:\.\d+)?)/g)].map(([, found]) => found)
    expect([name, new Set(named)]).toEqual([name, new Set([needed])])
  }
  expect(unmetRequirement(packageFile.engines.bun, { version: pinned, path: '' })).toBeUndefined()
  expect(packageFile.devDependencies['bun-types']).toBe(pinned)
})
