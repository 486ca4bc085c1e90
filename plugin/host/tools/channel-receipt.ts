import { z } from 'zod'
import { readReceipt } from '../hearing/receipt.ts'
import { defineTool } from './tool.ts'

/** Anything goes in: a hook that fails would be shown to the person at every prompt. */
const input = z.object({ prompt: z.string().catch('') }).catch({ prompt: '' })

/**
 * Called by the plugin's own prompt hook, never by the model. Its answer is there before anything is written or asked:
 * the prompt waits for it.
 */
export const channelReceipt = defineTool({
  name: 'channel_receipt',
  title: 'Receipt',
  description: "Used by the plugin's own prompt hook.",
  input,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  meta: { ui: { visibility: ['app'] } },
  worksUnconfigured: true,
  async handle({ prompt }, context) {
    const notice = context.submitted(readReceipt(prompt))
    return { text: notice === undefined ? '{}' : addContext(notice), silent: true }
  },
})

/** What the host adds to the prompt, as its hooks say it. */
function addContext(additionalContext: string): string {
  return JSON.stringify({ hookSpecificOutput: { hookEventName: 'UserPromptSubmit', additionalContext } })
}
