/**
 * Proof that the model got a message. The host passes every prompt, channel events included, to the plugin's own prompt
 * hook. A prompt that begins with our tag is a receipt. Of all others, nothing is kept here.
 */

export interface Receipt {
  readonly workspaceId: string
  readonly activityId: string
}

/** Proof that the model was told that messages wait: see `doorbell/bell.ts`. */
export interface BellReceipt {
  readonly bell: string
}

/** The opening tag of one of our events. The host escapes quotes and angle brackets in attribute values. */
const OPENING_TAG = /^\s*<channel source="plugin:molecule:[^"]*"((?: [A-Za-z_][A-Za-z0-9_]*="[^"<>]*")*)/
/** The ids come first in the tag. The paths of many files can make it long, and a prompt may be megabytes long. */
const MAX_TAG_CHARS = 16_384

/** Reads the receipt from a submitted prompt; undefined unless the prompt is one of our events. */
export function readReceipt(prompt: string): Receipt | undefined {
  const attributes = OPENING_TAG.exec(prompt.slice(0, MAX_TAG_CHARS))?.[1]
  const workspaceId = attribute(attributes, 'workspace_id')
  const activityId = attribute(attributes, 'activity_id')
  return workspaceId === undefined || activityId === undefined ? undefined : { workspaceId, activityId }
}

function attribute(attributes: string | undefined, name: string): string | undefined {
  return attributes === undefined ? undefined : new RegExp(` ${name}="([^"]+)"`).exec(attributes)?.[1]
}
