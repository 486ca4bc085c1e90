import { z } from 'zod'
import { readBell } from '../doorbell/bell.ts'
import { readReceipt } from '../hearing/receipt.ts'
import { CHANGES_SESSION } from './annotations.ts'
import { defineTool } from './tool.ts'

/** Accepts anything: the host would show a failing hook to the person at every prompt. */
const input = z
  .object({
    prompt: z.string().catch(''),
    /** The permission mode of the session. An older host passes on the name of the variable. */
    mode: z
      .string()
      .regex(/^[a-z]\w*$/i)
      .optional()
      .catch(undefined),
    turn: z.literal('ended').optional().catch(undefined),
    /** The tool that the host is about to call. */
    before: z.literal('read_messages').optional().catch(undefined),
  })
  .catch({ prompt: '' })

/**
 * The plugin's own hooks call it, never the model: at each prompt, before messages are read, and when a turn ends. It
 * answers before anything is written or asked, since the host waits for it.
 */
export const channelReceipt = defineTool({
  name: 'channel_receipt',
  title: 'Receipt',
  description: "Used by the plugin's own prompt hook.",
  input,
  annotations: CHANGES_SESSION,
  meta: { ui: { visibility: ['app'] } },
  worksUnconfigured: true,
  async handle({ prompt, mode, turn, before }, context) {
    if (before !== undefined) return { text: context.isRung() ? MAY_READ : '{}', silent: true }
    if (turn === 'ended') {
      context.turnEnded()
      return { text: '{}', silent: true }
    }
    const bell = readBell(prompt)
    const receipt = bell === undefined ? readReceipt(prompt) : { bell }
    const isTyped = receipt === undefined && context.setUp.prompted(prompt)
    if (receipt !== undefined) context.setUp.othersSpoke()
    const notice = context.submitted(receipt, mode, isTyped)
    return { text: notice === undefined ? '{}' : tell(notice), silent: true }
  },
})

/** The person has said that this session receives, so reading needs no further permission. */
const MAY_READ = JSON.stringify({
  hookSpecificOutput: {
    hookEventName: 'PreToolUse',
    permissionDecision: 'allow',
    permissionDecisionReason: 'The person has said that this session receives Molecule messages.',
  },
})

/** The answer of a hook that shows text to the user and adds it to the prompt. */
function tell(notice: string): string {
  return JSON.stringify({
    systemMessage: notice,
    hookSpecificOutput: { hookEventName: 'UserPromptSubmit', additionalContext: notice },
  })
}
