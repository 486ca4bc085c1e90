/** The plugin's tools, by the names that the model uses. */
/** All of them, as a permission rule. */
export const ALL_TOOLS = 'mcp__plugin_molecule_molecule'
export const REPLY = `${ALL_TOOLS}__reply_to_workspace`
export const READ = `${ALL_TOOLS}__read_messages`
export const CLAIM = `${ALL_TOOLS}__claim_channel`
export const STATUS = `${ALL_TOOLS}__status`
export const CONFIGURE = `${ALL_TOOLS}__configure_channel`
export const ALLOW = `${ALL_TOOLS}__allow_senders`
/** A tool call that changes nothing. */
export const LOOK_AROUND = { call: `${ALL_TOOLS}__list_peers`, input: {} } as const
