/** The MCP server: how it introduces itself, its tools, and when the host begins to listen. */
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import {
  CallToolRequestSchema,
  ListToolsRequestSchema,
  type RequestId,
} from '@modelcontextprotocol/sdk/types.js'
import type { jsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/types.js'
import { z } from 'zod'
import type { Clock } from '../../base/clock.ts'
import { GUIDANCE } from './guidance.ts'
import { PERMISSION_CAPABILITY, REQUEST_METHOD } from './permission/permission-relay.ts'
import { cleanText } from './text/clean-text.ts'
import { readObject } from './tools/given-arguments.ts'
import { callTool, TOOLS } from './tools/registry.ts'
import { type Outcome, type Progress, toResult } from './tools/tool.ts'
import type { ToolContext } from './tools/tool-context.ts'

export interface McpServerOptions {
  readonly version: string
  readonly context: ToolContext
  /** Removes secrets from a text. A platform's error may quote what it was sent, and becomes a result. */
  readonly redact: (text: string) => string
  /** Called once, some time after the answer to `tools/list`. */
  readonly onListening: (client: {
    readonly name: string | undefined
    readonly version: string | undefined
  }) => void
  /** Takes the host's permission requests. Without it the server does not offer to relay them. */
  readonly onPermissionRequest?: ((params: unknown) => void) | undefined
  /** Runs `sent` once the answer to a request has left the process, and `dropped` if the host gives it up after that. */
  readonly whenSent: (id: RequestId, sent: () => void, dropped?: () => void) => void
  readonly clock: Clock
}

/**
 * The host attaches its listener for channel events only after it has read the answer to `tools/list`, and loses
 * anything sent earlier. On a slow machine that takes a while.
 */
const LISTENING_MARGIN_MS = 1_500

/**
 * The SDK validates nothing but answers to elicitations with it, and this server sends none. Building the default
 * validator would take a tenth of the time to the handshake.
 */
const NO_VALIDATOR: jsonSchemaValidator = {
  getValidator() {
    throw new Error('this server never asks the host for input')
  },
}

const permissionRequestSchema = z.object({ method: z.literal(REQUEST_METHOD), params: z.unknown() })

/** The protocol wants an object for the arguments; a host may give null, or the JSON text of an object. */
const callSchema = CallToolRequestSchema.extend({
  params: z.preprocess((params) => {
    const given = z.looseObject({ arguments: z.unknown() }).safeParse(params)
    return given.success ? { ...given.data, arguments: readObject(given.data.arguments) } : params
  }, CallToolRequestSchema.shape.params),
})

export function createMcpServer({
  version,
  context,
  redact,
  onListening,
  onPermissionRequest,
  whenSent,
  clock,
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
  // Any result, even a platform's error, may hold other people's words.
  const shown = (text: string): string => cleanText(redact(text))
  let listed = false
  server.setRequestHandler(ListToolsRequestSchema, () => {
    if (!listed) {
      listed = true
      clock.after(LISTENING_MARGIN_MS, () => {
        const { name, version } = server.getClientVersion() ?? {}
        onListening({ name, version })
      })
    }
    return { tools: TOOLS.map(describeTool) }
  })
  server.setRequestHandler(callSchema, async ({ params }, { signal, sendNotification, requestId }) => {
    const progressToken = params._meta?.progressToken
    const tell: Progress = (progress, total, message) => {
      // When the host is gone there is no one to notify, and the closed pipes show that.
      sendNotification({
        method: 'notifications/progress',
        params: { progressToken, progress, total, message: shown(message) },
      }).catch(() => undefined)
    }
    const progress = progressToken === undefined ? undefined : tell
    const outcome = await callTool(params.name, params.arguments, context, signal, progress)
    follow(outcome, signal, (sent, dropped) => whenSent(requestId, sent, dropped))
    return toResult({ ...outcome, text: shown(outcome.text) }, context.remark)
  })
  if (onPermissionRequest !== undefined) {
    server.setNotificationHandler(permissionRequestSchema, ({ params }) => onPermissionRequest(params))
  }
  return server
}

/** Tells the outcome whether its result leaves: the SDK sends none for a call that was given up. */
function follow(
  { onSent, onLost, onDropped }: Outcome,
  signal: AbortSignal,
  whenSent: (sent: () => void, dropped?: () => void) => void,
): void {
  if (signal.aborted) onLost?.()
  else if (onSent !== undefined) {
    const lost = (): void => onLost?.()
    signal.addEventListener('abort', lost, { once: true })
    whenSent(() => {
      signal.removeEventListener('abort', lost)
      onSent()
    }, onDropped)
  }
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
