import { z } from 'zod'
import { readReceipt } from '../hearing/receipt.ts'
import { CHANGES_SESSION } from './annotations.ts'
import { defineTool } from './tool.ts'

/** Accepts anything: the host would show a failing hook to the person at every prompt. */
const input = z
  .object({ prompt: z.string().catch(''), turn: z.literal('ended').optional().catch(undefined) })
  .catch({ prompt: '' })

/**
 * The plugin's own hooks call it, never the model: at each prompt, and when a turn ends. It answers before anything is
 * written or asked, since the host waits for it.
 */
export const channelReceipt = defineTool({
  name: 'channel_receipt',
  title: 'Receipt',
  description: "Used by the plugin's own prompt hook.",
  input,
  annotations: CHANGES_SESSION,
  meta: { ui: { visibility: ['app'] } },
  worksUnconfigured: true,
  async handle({ prompt, turn }, context) {
    if (turn === 'ended') {
      context.turnEnded()
      return { text: '{}', silent: true }
    }
    const notice = context.submitted(readReceipt(prompt))
    return { text: notice === undefined ? '{}' : tell(notice), silent: true }
  },
})

/** The answer of a hook that shows text to the user and adds it to the prompt. */
function tell(notice: string): string {
  return JSON.stringify({
    systemMessage: notice,
    hookSpecificOutput: { hookEventName: 'UserPromptSubmit', additionalContext: notice },
  })
}
