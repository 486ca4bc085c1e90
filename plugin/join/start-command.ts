/** How the session of an agent is started: with the plugin of this clone, installed or not, and without the channel. */
import { SETTINGS } from '../../member/settings/setting-table.ts'

/** What its settings say unless they say something else already: it receives without the channel, at its person's word. */
export const RECEIVES = { name: SETTINGS.channelMode.name, value: 'doorbell' } as const

/** The words of the command. */
export function startWords(pluginFolder: string): readonly string[] {
  return ['claude', '--plugin-dir', pluginFolder]
}
