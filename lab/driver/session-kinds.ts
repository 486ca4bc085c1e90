/** How the various sessions of a real host start the plugin, and what their hooks pass to it. */
import { z } from 'zod'
import { CHANNEL } from './plugin-command.ts'
import type { Answer, PluginProcess } from './plugin-process.ts'

const DEVELOPMENT_FLAG = '--dangerously-load-development-channels'

/** A parent of the plugin with the command line of a host with these words. It ends when the plugin does. */
export function hostWith(...words: readonly string[]): readonly string[] {
  return ['sh', '-c', `shift ${words.length}; "$@"; exit $?`, 'claude', ...words]
}

export const WITH_CHANNEL = { wrapper: hostWith(DEVELOPMENT_FLAG, CHANNEL), isJudged: true }
export const WITHOUT_CHANNEL = { wrapper: hostWith('--continue'), isJudged: true }
/** A program of the Agent SDK. */
export const SDK = {
  wrapper: hostWith('--output-format', 'stream-json', '--input-format', 'stream-json'),
  isJudged: true,
}

const resultSchema = z.object({ content: z.tuple([z.object({ text: z.string() })]) })

/** Does what the prompt hook does. @returns what the response tells the host. */
export async function submit(plugin: PluginProcess, prompt: string): Promise<string> {
  return textOf(await plugin.request('tools/call', { name: 'channel_receipt', arguments: { prompt } }))
}

/** The first text of a tool result. */
export function textOf({ result }: Answer): string {
  return resultSchema.parse(result).content[0].text
}
