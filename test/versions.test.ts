import { expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import marketplace from '../.claude-plugin/marketplace.json'
import plugin from '../.claude-plugin/plugin.json'
import packageFile, { version } from '../package.json'
import { unmetRequirement } from '../plugin/start/requirement.js'
import { bundlePath, startProgram } from '../scripts/bundle.ts'

test('the manifest, what the server says of itself, and the changelog name the version of the package', async () => {
  expect(plugin.version).toBe(version)
  // A second place could differ: of manifest and marketplace entry, the client takes the manifest.
  expect(marketplace.plugins.some((entry) => 'version' in entry)).toBe(false)
  expect(await startProgram()).toContain(`version = "${version}"`)
  for (const path of [
    fileURLToPath(new URL('../dist/plugin/.claude-plugin/plugin.json', import.meta.url)),
    bundlePath('server'),
    bundlePath('connect'),
  ]) {
    expect([path, (await Bun.file(path).text()).includes(`"${version}"`)]).toEqual([path, true])
  }
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
