/** Arguments that several tools take. */
import { z } from 'zod'

/** As many as platforms recommend for one message. */
const MAX_FILES = 10

export const asWorkspace = z
  .string()
  .optional()
  .describe('Which of your workspaces to act as. Optional when there is only one.')

/** Text that leaves the machine. The bound is well below what platforms accept in one message (1 MiB on older ones). */
export const outgoingText = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(500_000, 'must be at most 500,000 characters')

export const attachments = z
  .array(z.string().min(1).max(4_096))
  .max(MAX_FILES, `must be at most ${MAX_FILES} files`)
  .optional()
  .describe('Files to attach, as absolute paths on this machine.')

export const taskPeer = z
  .string()
  .min(1, 'must not be empty')
  .describe('The peer that gets the task: its workspace id from list_peers, or its name.')

export const task = outgoingText.describe(
  'The task, self-contained: the peer does not see your conversation.',
)
