/**
 * Proof that the model was given a message. The host passes each prompt to the plugin's own prompt hook, channel
 * events included; what begins with our own tag is a receipt, and nothing else of any prompt is looked at or kept.
 */

export interface Receipt {
  readonly workspaceId: string
  readonly activityId: string
}

/**
 * The opening tag of an event of ours, as far as it is looked at. Attribute values cannot hold a quote or a bracket:
 * the host escapes them.
 */
const OPENING_TAG = /^\s*<channel source="plugin:molecule:[^"]*"((?: [A-Za-z_][A-Za-z0-9_]*="[^"<>]*")*)/
/** The ids stand at its beginning. The paths of many files make it long, and a prompt may be megabytes long. */
const MAX_TAG_CHARS = 16_384

/** Reads the receipt from a submitted prompt; undefined for everything that is not an event of ours. */
export function readReceipt(prompt: string): Receipt | undefined {
  const attributes = OPENING_TAG.exec(prompt.slice(0, MAX_TAG_CHARS))?.[1]
  const workspaceId = attribute(attributes, 'workspace_id')
  const activityId = attribute(attributes, 'activity_id')
  return workspaceId === undefined || activityId === undefined ? undefined : { workspaceId, activityId }
}

function attribute(attributes: string | undefined, name: string): string | undefined {
  return attributes === undefined ? undefined : new RegExp(` ${name}="([^"]+)"`).exec(attributes)?.[1]
}
