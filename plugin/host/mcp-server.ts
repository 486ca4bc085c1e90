/** The MCP side: what this server says it is, its tools, and the moment from which the host listens. */
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import {
  CallToolRequestSchema,
  ListToolsRequestSchema,
  type RequestId,
} from '@modelcontextprotocol/sdk/types.js'
import type { jsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/types.js'
import { z } from 'zod'
import { cleanText } from './event/clean-text.ts'
import { GUIDANCE } from './guidance.ts'
import { PERMISSION_CAPABILITY, REQUEST_METHOD } from './permission/permission-relay.ts'
import { callTool, TOOLS } from './tools/registry.ts'
import { type Progress, type ToolContext, toResult } from './tools/tool.ts'

export interface McpServerOptions {
  readonly version: string
  readonly context: ToolContext
  /** Takes secrets out of a text. A platform may quote in an error what it was sent, and an error becomes a result. */
  readonly redact: (text: string) => string
  /** Called once, some time after the tool list was answered. */
  readonly onListening: (clientName: string | undefined) => void
  /** Takes the host's permission requests; without it the host is not told that they can be relayed. */
  readonly onPermissionRequest?: ((params: unknown) => void) | undefined
  /** Calls back once the answer to a request has left the process. */
  readonly whenSent: (id: RequestId, run: () => void) => void
}

/**
 * The host attaches its listener for channel events only after it has read the answer to `tools/list`, on a slow
 * machine well after; what is sent before is lost.
 */
const LISTENING_MARGIN_MS = 1_500

/**
 * The SDK checks the answer to an elicitation with it, and nothing else. None is ever sent, and to build the default
 * one costs a tenth of the time to the handshake.
 */
const NO_VALIDATOR: jsonSchemaValidator = {
  getValidator() {
    throw new Error('this server asks the host for no input')
  },
}

const permissionRequestSchema = z.object({ method: z.literal(REQUEST_METHOD), params: z.unknown() })

export function createMcpServer({
  version,
  context,
  redact,
  onListening,
  onPermissionRequest,
  whenSent,
}: McpServerOptions): Server {
  const relay = onPermissionRequest === undefined ? {} : { [PERMISSION_CAPABILITY]: {} }
  const server = new Server(
    { name: 'molecule', title: 'Molecule channel', version },
    {
      capabilities: { tools: {}, experimental: { 'claude/channel': {}, ...relay } },
      instructions: GUIDANCE,
      jsonSchemaValidator: NO_VALIDATOR,
    },
  )
  // Whatever a tool shows, an error of a platform too, may hold words of others.
  const shown = (text: string): string => cleanText(redact(text))
  let listed = false
  server.setRequestHandler(ListToolsRequestSchema, () => {
    if (!listed) {
      listed = true
      setTimeout(() => onListening(server.getClientVersion()?.name), LISTENING_MARGIN_MS)
    }
    return { tools: TOOLS.map(describeTool) }
  })
  server.setRequestHandler(
    CallToolRequestSchema,
    async ({ params }, { signal, sendNotification, requestId }) => {
      const progressToken = params._meta?.progressToken
      const tell: Progress = (progress, total, message) => {
        if (progressToken === undefined) return
        // A host that is gone needs no news; its end is seen elsewhere.
        sendNotification({
          method: 'notifications/progress',
          params: { progressToken, progress, total, message: shown(message) },
        }).catch(() => undefined)
      }
      const outcome = await callTool(params.name, params.arguments, context, signal, tell)
      if (outcome.onSent !== undefined) whenSent(requestId, outcome.onSent)
      return toResult({ ...outcome, text: shown(outcome.text) }, context.remark)
    },
  )
  if (onPermissionRequest !== undefined) {
    server.setNotificationHandler(permissionRequestSchema, ({ params }) => onPermissionRequest(params))
  }
  return server
}

function describeTool({ name, title, description, input, annotations, meta }: (typeof TOOLS)[number]) {
  return {
    name,
    title,
    description,
    inputSchema: { ...z.toJSONSchema(input, { io: 'input' }), type: 'object' as const },
    annotations,
    ...(meta === undefined ? {} : { _meta: { ...meta } }),
  }
}
