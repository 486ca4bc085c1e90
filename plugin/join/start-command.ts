/** How the session of an agent is started: with the plugin of this clone, installed or not, and without the channel. */
import { SETTINGS } from '../../member/settings/setting-table.ts'

/** What its settings say unless they say something else already: it receives without the channel, at its person's word. */
export const RECEIVES = { name: SETTINGS.channelMode.name, value: 'doorbell' } as const

const TOOLS = 'mcp__plugin_molecule_molecule__'
/** To read what others wrote, and to answer them. All else still asks. */
const ANSWERING = [`${TOOLS}read_messages`, `${TOOLS}reply_to_workspace`].join(',')

/**
 * The words of the command.
 *
 * @param answers whether the session may read and answer without asking its person each time.
 */
export function startWords(pluginFolder: string, answers: boolean): readonly string[] {
  return ['claude', '--plugin-dir', pluginFolder, ...(answers ? [`--allowedTools=${ANSWERING}`] : [])]
}
