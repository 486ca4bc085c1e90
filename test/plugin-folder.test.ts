import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import marketplace from '../.claude-plugin/marketplace.json'
import manifest from '../.claude-plugin/plugin.json'
import { TOOLS } from '../plugin/host/tools/registry.ts'
import { PLUGIN_FOLDER, pluginFiles } from '../scripts/plugin-folder.ts'

const ROOT = join(import.meta.dir, '..')
const MAX_BYTES = 1_000_000

const files = await pluginFiles()
const text = (path: string): string => new TextDecoder().decode(files.get(path))

test('the marketplace points to the folder of the plugin, which holds what a host needs, in less than a megabyte', () => {
  expect(marketplace.plugins.map(({ name, source }) => [name, source])).toEqual([
    [manifest.name, `./${PLUGIN_FOLDER}`],
  ])
  for (const path of [manifest.icon, 'README.md', 'LICENSE', 'hooks/hooks.json', 'start.js', 'server.js']) {
    expect([path, files.has(path)]).toEqual([path, true])
  }
  expect(files.values().reduce((sum, { length }) => sum + length, 0)).toBeLessThan(MAX_BYTES)
})

test('the folder holds every hook and skill of the checkout', () => {
  const listed = ['hooks', 'skills'].flatMap((folder) => [
    ...new Bun.Glob(`${folder}/**`).scanSync({ cwd: ROOT }),
  ])
  expect(listed).toContain('skills/configure/SKILL.md')
  expect(listed.filter((path) => !files.has(path))).toEqual([])
})

test('everything that the manifest and the hooks name is in the folder, from there and from the checkout', () => {
  for (const path of ['.claude-plugin/plugin.json', 'hooks/hooks.json']) {
    const inFolder = filesNamedIn(text(path))
    expect(inFolder).not.toEqual([])
    expect(inFolder.filter((name) => !files.has(name))).toEqual([])
    const inCheckout = filesNamedIn(readFileSync(join(ROOT, path), 'utf8'))
    expect(inCheckout.map((name) => name.replace(`${PLUGIN_FOLDER}/`, ''))).toEqual([...inFolder])
    expect(
      inCheckout.filter((name) => !name.startsWith(PLUGIN_FOLDER) && !name.startsWith('hooks/')),
    ).toEqual([])
  }
})

test('every skill allows the tools that it calls, and each of them exists', () => {
  const skills = [...files.keys()].filter((path) => path.endsWith('/SKILL.md'))
  expect(skills.length).toBeGreaterThanOrEqual(4)
  const tools = TOOLS.map(({ name }) => `mcp__plugin_molecule_molecule__${name}`)
  for (const path of skills) {
    const [, frontMatter = '', body = ''] = text(path).split(/^---\n/m)
    const allowed = /^allowed-tools: (.*)$/m.exec(frontMatter)?.[1]?.split(', ') ?? []
    expect([path, allowed.filter((name) => !tools.includes(name))]).toEqual([path, []])
    const called = [...body.matchAll(/[Cc]all (?:the )?`(\w+)`/g)].map(([, name]) => name)
    expect([path, allowed.length > 0 && called.length > 0]).toEqual([path, true])
    const asked = called.filter((name) => !allowed.some((rule) => rule.endsWith(`__${name}`)))
    expect([path, asked]).toEqual([path, []])
  }
})

test('the checkout has no .mcp.json, which Claude Code would take for the configuration of the project', () => {
  expect([...new Bun.Glob('.mcp.json').scanSync({ cwd: ROOT, dot: true })]).toEqual([])
})

test('the icon is a square PNG of 512 to 2048 pixels', () => {
  const png = Buffer.from(files.get(manifest.icon) ?? [])
  expect(png.subarray(1, 4).toString()).toBe('PNG')
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  expect([width, width >= 512 && width <= 2048]).toEqual([height, true])
})

/** By their path from the folder that the host calls the plugin's root. */
function filesNamedIn(source: string): readonly string[] {
  return [...source.matchAll(/\$\{CLAUDE_PLUGIN_ROOT\}\/([\w./-]*\.\w+)/g)].map(([, path = '']) => path)
}
