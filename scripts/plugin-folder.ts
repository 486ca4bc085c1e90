/**
 * The plugin as users install it, in a folder of its own: a marketplace copies the whole folder that it points to. The
 * checkout is a plugin, too (`claude --plugin-dir`), with the same manifest, hooks and skills; both run these files.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle, startProgram } from './bundle.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Where the folder is in the checkout. */
export const PLUGIN_FOLDER = 'dist/plugin'

/** What is copied as it is: the path in the checkout, and the one in the folder. */
const COPIES: readonly (readonly [from: string, to: string])[] = [
  ['.claude-plugin/plugin.json', '.claude-plugin/plugin.json'],
  ['.claude-plugin/icon.png', '.claude-plugin/icon.png'],
  ['docs/plugin.md', 'README.md'],
  ['LICENSE', 'LICENSE'],
  ['plugin/start/nothing.js', 'nothing.js'],
]

/** Every file of the folder, by its path in it. The result depends only on the sources and the pinned Bun. */
export async function pluginFiles(): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for (const [from, to] of [...COPIES, ...filesIn('hooks'), ...filesIn('skills')]) {
    files.set(to, inPluginFolder(await Bun.file(join(root, from)).bytes()))
  }
  files.set('start.js', Buffer.from(await startProgram()))
  for (const program of ['server', 'notice'] as const) {
    files.set(`${program}.js`, Buffer.from(await bundle(program)))
  }
  return files
}

function filesIn(folder: string): (readonly [string, string])[] {
  const paths = [...new Bun.Glob('**').scanSync({ cwd: join(root, folder) })].sort()
  return paths.map((path) => [`${folder}/${path}`, `${folder}/${path}`])
}

/** What the host calls the plugin's root is this folder once it is installed. */
function inPluginFolder(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes)
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder of the host
  const root = '${CLAUDE_PLUGIN_ROOT}'
  if (!text.includes(`${root}/${PLUGIN_FOLDER}`)) return bytes
  return Buffer.from(text.toString().replaceAll(`${root}/${PLUGIN_FOLDER}`, root))
}
