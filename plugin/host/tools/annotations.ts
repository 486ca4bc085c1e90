/** The hints a tool gives the host, by what a call of it does. */
import type { ToolAnnotations } from '@modelcontextprotocol/sdk/types.js'

export const READS_PLATFORM: ToolAnnotations = {
  readOnlyHint: true,
  idempotentHint: true,
  openWorldHint: true,
}

/** Repeating the call would write again. */
export const WRITES_PLATFORM: ToolAnnotations = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: false,
  openWorldHint: true,
}

export const READS_SESSION: ToolAnnotations = {
  readOnlyHint: true,
  idempotentHint: true,
  openWorldHint: false,
}

/** Repeating the call changes nothing more. */
export const CHANGES_SESSION: ToolAnnotations = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
}
