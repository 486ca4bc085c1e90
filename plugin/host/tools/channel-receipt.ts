import { z } from 'zod'
import { readReceipt } from '../hearing/receipt.ts'
import { CHANGES_SESSION } from './annotations.ts'
import { defineTool } from './tool.ts'

/** Accepts anything: the host would show a failing hook to the person at every prompt. */
const input = z.object({ prompt: z.string().catch('') }).catch({ prompt: '' })

/**
 * The plugin's own prompt hook calls it, never the model. It answers before anything is written or asked, since the
 * prompt waits for it.
 */
export const channelReceipt = defineTool({
  name: 'channel_receipt',
  title: 'Receipt',
  description: "Used by the plugin's own prompt hook.",
  input,
  annotations: CHANGES_SESSION,
  meta: { ui: { visibility: ['app'] } },
  worksUnconfigured: true,
  async handle({ prompt }, context) {
    const notice = context.submitted(readReceipt(prompt))
    return { text: notice === undefined ? '{}' : addContext(notice), silent: true }
  },
})

/** The answer of a hook that adds text to the prompt. */
function addContext(additionalContext: string): string {
  return JSON.stringify({ hookSpecificOutput: { hookEventName: 'UserPromptSubmit', additionalContext } })
}
