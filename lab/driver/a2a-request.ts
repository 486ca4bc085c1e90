/**
 * The body of `POST /workspaces/:id/a2a` that sends a message.
 *
 * @param message fields of the message, in place of the usual ones or beside them.
 * @param envelope fields of the JSON-RPC request, likewise.
 */
export function messageRequest(
  text: string,
  message: Readonly<Record<string, unknown>> = {},
  envelope: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const { messageId = crypto.randomUUID() } = message
  return {
    jsonrpc: '2.0',
    id: messageId,
    method: 'message/send',
    params: { message: { role: 'user', messageId, parts: [{ kind: 'text', text }], ...message } },
    ...envelope,
  }
}
