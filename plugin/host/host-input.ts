/**
 * What the host writes, before the SDK reads it. The SDK ends the session at a message that is too large, and never answers
 * one that is not as it expects, so the host would wait forever. Here such a message is refused, and the session lives
 * on.
 *
 * MCP had JSON-RPC batches until its version of 2025-06-18. The messages of a batch are passed on, and answered, one by one.
 */
import { Transform } from 'node:stream'
import {
  ErrorCode,
  JSONRPCMessageSchema,
  type RequestId,
  RequestIdSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { InputLines, type LongLine } from './input-lines.ts'

export interface HostInputOptions {
  /** Writes one line to the host. */
  readonly answer: (line: string) => void
  readonly log: (sentence: string) => void
}

export const MAX_MESSAGE_BYTES = 10 * 1024 * 1024
const MAX_BATCH = 100

/** Pipe the host's bytes into it: each message comes out as one line. */
export function hostInput({ answer, log }: HostInputOptions): Transform {
  const refuse = (id: RequestId | null, why: string): void => {
    log(`protocol: refuses a message of the host: ${why}`)
    const error = { code: ErrorCode.InvalidRequest, message: why }
    answer(`${JSON.stringify({ jsonrpc: '2.0', id, error })}\n`)
  }
  const lines = new InputLines({
    maxBytes: MAX_MESSAGE_BYTES,
    onLine: (line) => {
      if (line === '') return
      const value = parse(line)
      if (value === undefined) log('protocol: skips a line of the host that is not JSON')
      else if (!Array.isArray(value)) pass(value)
      else if (value.length === 0) refuse(null, 'the batch is empty')
      else if (value.length > MAX_BATCH) refuse(null, `the batch has more than ${MAX_BATCH} messages`)
      else value.forEach(pass)
    },
    onLongLine: (line) => {
      const megabytes = Math.round(line.bytes / 1024 / 1024)
      const why = `the message is too large: ${megabytes} MB of at most ${MAX_MESSAGE_BYTES / 1024 / 1024}`
      const id = idOfLongLine(line)
      // Without an id it expects no answer.
      if (id === undefined) log(`protocol: skips a message of the host: ${why}`)
      else refuse(id, why)
    },
  })
  const pass = (value: unknown): void => {
    const message = withoutNullParams(value)
    const parsed = JSONRPCMessageSchema.safeParse(message)
    if (parsed.success) input.push(`${JSON.stringify(message)}\n`)
    else if (expectsAnswer(message)) refuse(idOf(message), 'the message is not a JSON-RPC 2.0 request')
    else log('protocol: skips a message of the host that is not JSON-RPC 2.0')
  }
  const input = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk)
      done()
    },
  })
  return input
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

const objectSchema = z.record(z.string(), z.unknown())

/** Some clients write null for parameters that they leave out. */
function withoutNullParams(value: unknown): unknown {
  const object = objectSchema.safeParse(value)
  if (!object.success || object.data.params !== null) return value
  const { params: _, ...rest } = object.data
  return rest
}

/** A wrong answer gets no answer, or two programs could go on forever. */
function expectsAnswer(message: unknown): boolean {
  const object = objectSchema.safeParse(message)
  return !object.success || ('id' in object.data && !('result' in object.data) && !('error' in object.data))
}

function idOf(message: unknown): RequestId | null {
  return RequestIdSchema.safeParse(objectSchema.safeParse(message).data?.id).data ?? null
}

const ID = '"id"\\s*:\\s*("(?:[^"\\\\]|\\\\.)*"|-?\\d+)'
const PLAIN = '"(?:jsonrpc|method)"\\s*:\\s*"[^"]*"'
/** The id stands before the parameters, or after them. Anywhere else it could be part of them. */
const ID_BEFORE = new RegExp(`^\\s*\\{\\s*(?:${PLAIN}\\s*,\\s*)*${ID}`)
const ID_AFTER = new RegExp(`[}\\]]\\s*,\\s*(?:${PLAIN}\\s*,\\s*)*${ID}\\s*(?:,\\s*${PLAIN}\\s*)*\\}\\s*$`)

function idOfLongLine({ beginning, end }: LongLine): RequestId | undefined {
  const id = ID_BEFORE.exec(beginning)?.[1] ?? ID_AFTER.exec(end)?.[1]
  return id === undefined ? undefined : RequestIdSchema.safeParse(parse(id)).data
}
