import { z } from 'zod'
import { notifyUser } from '../../../member/client/notify.ts'
import { WRITES_PLATFORM } from './annotations.ts'
import { asWorkspace, attachments, outgoingText } from './arguments.ts'
import { uploadAll, withFiles } from './attachments.ts'
import { tellPosted } from './send-result.ts'
import { resolveSender } from './sender.ts'
import { defineTool } from './tool.ts'

const input = z.strictObject({
  message: outgoingText.describe('The text for the chat, in plain text or Markdown.'),
  attachments,
  _as_workspace: asWorkspace,
  workspace_id: asWorkspace,
})

/** Writes to the person in the workspace's chat, asked or not. */
export const sendMessageToUser = defineTool({
  name: 'send_message_to_user',
  title: 'Write to the person in the chat',
  description:
    'Posts a message to the chat of your Molecule workspace, where the person who runs the team reads it: progress, a question, a finished result. To answer a message that arrived, use reply_to_workspace, which also marks it as answered.',
  input,
  annotations: WRITES_PLATFORM,
  async handle(args, context, signal) {
    const client = resolveSender(context, args._as_workspace ?? args.workspace_id)
    const files = await uploadAll(client, args.attachments, context, signal)
    await notifyUser(client, args.message, signal, files)
    return withFiles(tellPosted(client.endpoint.workspaceId), files)
  },
})
