/** What a tool is, and what it can reach. */
import type { CallToolResult, ToolAnnotations } from '@modelcontextprotocol/sdk/types.js'
import { type ZodType, z } from 'zod'
import type { PlatformClient } from '../../../member/client/client.ts'
import type { PeekedMessage } from '../../../member/feed/peek.ts'
import type { OutgoingRules } from '../../../member/files/outgoing-files.ts'
import type { Ledger } from '../../../member/ledger/ledger.ts'
import type { AllowedSenders } from '../../../member/settings/single-settings.ts'
import type { ClaimResult } from '../../../member/workspace/membership.ts'
import type { Receipt } from '../hearing/receipt.ts'

/** What became of the claim of one workspace. */
export type Claimed = ClaimResult & { readonly workspaceId: string }

/** The rest of the program as a tool sees it. */
export interface ToolContext {
  /** Sentences that say why nothing can be sent; empty when the plugin is configured. */
  readonly problems: () => readonly string[]
  /** The workspaces this session acts as. */
  readonly workspaceIds: () => readonly string[]
  /** Undefined for a workspace that is not one of ours. */
  readonly client: (workspaceId: string) => PlatformClient | undefined
  /** Undefined when the state folder cannot be used; sending works without it. */
  readonly ledger: () => Ledger | undefined
  /** Who may write to this session; undefined: everyone the platform lets through. */
  readonly allowedSenders: () => AllowedSenders
  /**
   * The host submitted a prompt to the model: a message of ours, which proves that the model was given it, or something
   * typed (undefined). At once and never throws.
   *
   * @returns what the person and the model should know besides, if anything.
   */
  readonly submitted: (receipt: Receipt | undefined) => string | undefined
  /** The model called a tool. At once and never throws. */
  readonly toolCalled: () => void
  /**
   * Makes this session the one that receives for a workspace, or for all of them. Takes up to ten seconds.
   *
   * @returns what became of each.
   * @throws ToolFailure when it cannot be tried.
   */
  readonly claim: (workspaceId: string | undefined, signal: AbortSignal) => Promise<readonly Claimed[]>
  /** What waits on the platform that no session reads, if this one does not receive. Never throws. */
  readonly unread: (signal: AbortSignal) => Promise<readonly PeekedMessage[]>
  /** What may be sent as a file. */
  readonly outgoing: () => OutgoingRules
  /** One screen of text. */
  readonly statusReport: () => string
  /** A remark that belongs under every result, when this session does not receive all messages. */
  readonly remark: () => string | undefined
}

/** Tells whoever called how far a long call is: so much of so much (milliseconds). */
export type Progress = (done: number, total: number, message: string) => void

/** A call that cannot be carried out. The message is the whole text for the model. */
export class ToolFailure extends Error {
  override readonly name = 'ToolFailure'
}

/** What a tool returns. */
export interface Outcome {
  readonly text: string
  /** Called once the result has left the process; it may never be. */
  readonly onSent?: () => void
  /** The text goes out as it is, for a reader that is not the model. */
  readonly silent?: boolean
}

/** What came of a call, failed or not. */
export interface CallOutcome extends Outcome {
  readonly isError?: boolean
}

export interface Tool {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly input: ZodType
  readonly annotations: ToolAnnotations
  readonly meta?: Readonly<Record<string, unknown>>
  /** True for a tool that works, and is most needed, while nothing is configured. */
  readonly worksUnconfigured?: boolean
  /** Checks the arguments against `input` first. `callTool` turns whatever it throws into a result with `isError`. */
  readonly call: (
    args: unknown,
    context: ToolContext,
    signal: AbortSignal,
    progress: Progress,
  ) => Promise<Outcome>
}

/**
 * Makes a tool of its typed parts.
 *
 * The handler only sees arguments that fit the schema; others fail the call with a text that says what is wrong.
 */
export function defineTool<T>(
  definition: Omit<Tool, 'call' | 'input'> & {
    readonly input: ZodType<T>
    readonly handle: (
      args: T,
      context: ToolContext,
      signal: AbortSignal,
      progress: Progress,
    ) => Promise<Outcome>
  },
): Tool {
  const { handle, ...tool } = definition
  return {
    ...tool,
    async call(args, context, signal, progress) {
      const parsed = definition.input.safeParse(args ?? {}, {
        error: ({ input }) => (input === undefined ? 'is missing' : undefined),
      })
      if (parsed.success) return handle(parsed.data, context, signal, progress)
      const wrong = parsed.error.issues
        .slice(0, 5)
        .map((issue) => `${issue.path.join('.') || 'arguments'}: ${issue.message}`)
      throw new ToolFailure(
        `${tool.name} was called with wrong arguments. ${wrong.join('; ')}. It takes: ${parameters(definition.input).join(', ')}. Correct them and call again.`,
      )
    },
  }
}

function parameters(input: ZodType): readonly string[] {
  return Object.keys(z.toJSONSchema(input, { io: 'input' }).properties ?? {})
}

/** @param remarkOf asked only where the remark is shown: a silent answer is waited for by a prompt. */
export function toResult(
  { text, isError, silent }: CallOutcome,
  remarkOf: () => string | undefined,
): CallToolResult {
  const remark = silent ? undefined : remarkOf()
  const shown = remark === undefined ? text : `${text}\n\n${remark}`
  return { content: [{ type: 'text', text: shown }], ...(isError ? { isError } : {}) }
}
