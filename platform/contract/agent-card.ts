/** The card that an agent shows to its peers. Pure. */

import type { JsonObject } from '../base/json.ts'
import { textOf } from './a2a-parts.js'

interface Identity {
  readonly id: string
  readonly name: string
  readonly role: string | null
}

/**
 * Fills in what the card leaves out. A name that is the id counts as none, in the card and in the row. The description
 * falls back to the role, and then to the name.
 */
export function completeCard(card: JsonObject, { id, name, role }: Identity): JsonObject {
  const filled: Record<string, unknown> = { ...card }
  const own = name === id ? '' : name
  if (isBlank(card.name) || textOf(card.name).toLowerCase() === id) filled.name = own || card.name || id
  const description = role || own
  if (isBlank(card.description) && description !== '') filled.description = description
  if (isBlank(card.role) && role) filled.role = role
  return filled
}

function isBlank(value: unknown): boolean {
  return typeof value !== 'string' || value.trim() === ''
}
