/**
 * Builds `dist/`: the folder of the plugin, and `molecule connect`. It is committed, since users run it as it is: a
 * marketplace copies the folder. Also makes `docs/messages.md`, from the same sources.
 */
import { rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle, bundlePath } from './bundle.ts'
import { MESSAGES_PATH, messagesDocument } from './messages.ts'
import { PLUGIN_FOLDER, pluginFiles } from './plugin-folder.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Every file of `dist/`, by its path in the checkout. */
export async function builtFiles(): Promise<ReadonlyMap<string, Uint8Array>> {
  const plugin = [...(await pluginFiles())].map(
    ([path, bytes]) => [`${PLUGIN_FOLDER}/${path}`, bytes] as const,
  )
  return new Map([...plugin, [relative(root, bundlePath('connect')), Buffer.from(await bundle('connect'))]])
}

if (import.meta.main) {
  await Bun.write(join(root, MESSAGES_PATH), messagesDocument())
  const files = await builtFiles()
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  for (const [path, bytes] of files) {
    await Bun.write(join(root, path), bytes)
    console.log(`${path}: ${bytes.length} bytes`)
  }
}
