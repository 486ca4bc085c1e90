/** The type of a tool, and the outcome of a call. */
import type { CallToolResult, ToolAnnotations } from '@modelcontextprotocol/sdk/types.js'
import { type ZodType, z } from 'zod'
import { readArguments } from './given-arguments.ts'
import type { ToolContext } from './tool-context.ts'
import { causes, ruleBroken } from './wrong-arguments.ts'

/** The host replaces longer results with a preview. */
export const MAX_RESULT_CHARS = 40_000

/** A call that cannot be carried out. The message is the whole text for the model. */
export class ToolFailure extends Error {
  override readonly name = 'ToolFailure'
}

/** What a tool returns. */
export interface Outcome {
  readonly text: string
  /** The call failed; the text says why. */
  readonly isError?: boolean
  /** Called once the result has left the process, which may never happen. */
  readonly onSent?: () => void
  /** Called when the host gave up the call after `onSent`: it has dropped the result. */
  readonly onDropped?: () => void
  /** Called when the result cannot reach the host, which gave up the call. */
  readonly onLost?: () => void
  /** The result goes out without the session's remark: its reader is not the model. */
  readonly silent?: boolean
}

/** Tells the caller how far a long call is. `done` and `total` are milliseconds. */
export type Progress = (done: number, total: number, message: string) => void

type Handler<T> = (
  args: T,
  context: ToolContext,
  signal: AbortSignal,
  /** Undefined when the caller does not want to know. */
  progress: Progress | undefined,
) => Promise<Outcome>

export interface Tool {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly input: ZodType
  readonly annotations: ToolAnnotations
  readonly meta?: Readonly<Record<string, unknown>>
  /** Works, and is needed most, while nothing is configured. */
  readonly worksUnconfigured?: boolean
  /** Checks the arguments against `input` first. `callTool` turns anything it throws into a result with `isError`. */
  readonly call: Handler<unknown>
}

/**
 * Builds a tool from its typed parts.
 *
 * The handler only sees arguments that fit the schema; others fail the call with a text that says what is wrong.
 */
export function defineTool<T>(
  definition: Omit<Tool, 'call' | 'input'> & { readonly input: ZodType<T>; readonly handle: Handler<T> },
): Tool {
  const { handle, ...tool } = definition
  // Built at the first call, because the handshake does not need it.
  let schema: z.core.JSONSchema.JSONSchema | undefined
  return {
    ...tool,
    async call(args, context, signal, progress) {
      schema ??= z.toJSONSchema(definition.input, { io: 'input' })
      const parsed = definition.input.safeParse(readArguments(args, schema), { error: ruleBroken })
      if (parsed.success) return handle(parsed.data, context, signal, progress)
      const known = Object.keys(schema.properties ?? {}).join(', ')
      throw new ToolFailure(
        `${tool.name} was called with wrong arguments. ${causes(parsed.error)}. It takes: ${known}. Correct them and call again.`,
      )
    },
  }
}

/** @param remarkOf asked only where the remark is shown: a prompt waits for a silent result. */
export function toResult(
  { text, isError, silent }: Outcome,
  remarkOf: () => string | undefined,
): CallToolResult {
  const remark = silent ? undefined : remarkOf()
  const shown = remark === undefined ? text : `${text}\n\n${remark}`
  return { content: [{ type: 'text', text: shown }], ...(isError ? { isError } : {}) }
}
