import { z } from 'zod'
import { readReceipt } from '../receipt.ts'
import { defineTool } from './tool.ts'

/** Anything goes in: a hook that fails would be shown to the person at every prompt. */
const input = z.object({ prompt: z.string().catch('') }).catch({ prompt: '' })

/** Called by the plugin's own prompt hook, never by the model. Silent, and done with before anything is written. */
export const channelReceipt = defineTool({
  name: 'channel_receipt',
  title: 'Receipt',
  description: "Used by the plugin's own prompt hook.",
  input,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  meta: { ui: { visibility: ['app'] } },
  worksUnconfigured: true,
  async handle({ prompt }, context) {
    const receipt = readReceipt(prompt)
    // The answer goes out first: the prompt waits for it.
    setImmediate(() => {
      context.prompted()
      if (receipt !== undefined) context.confirm(receipt.workspaceId, receipt.activityId)
    })
    return { text: '{}', silent: true }
  },
})
