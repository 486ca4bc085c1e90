import { expect, test } from 'bun:test'
import plugin from '../.claude-plugin/plugin.json'
import { version } from '../package.json'

test('the plugin is published under the version of the package, which the changelog names first', async () => {
  expect(plugin.version).toBe(version)
  const changelog = await Bun.file(new URL('../CHANGELOG.md', import.meta.url)).text()
  expect(/^## (\d+\.\d+\.\d+)\b/m.exec(changelog)?.[1]).toBe(version)
})
