/** Who may talk to whom. Pure: the caller supplies the tree as a function. */

/** The parent of a workspace; null for a root, undefined for an unknown id. */
export type ParentOf = (id: string) => string | null | undefined

const MAX_STEPS = 32

/** The chain from a workspace up to its root, itself first, at most 32 steps. Empty for an unknown id. */
export function ancestry(id: string, parentOf: ParentOf): readonly string[] {
  const chain: string[] = []
  let current: string | null | undefined = id
  while (current && chain.length <= MAX_STEPS && !chain.includes(current)) {
    const parent = parentOf(current)
    if (parent === undefined) break
    chain.push(current)
    current = parent
  }
  return chain
}

/**
 * Whether two workspaces may exchange messages: they are the same, siblings, or one is above the other. Two
 * roots may only where the contract lets unrelated roots talk.
 */
export function canCommunicate(
  caller: string,
  target: string,
  parentOf: ParentOf,
  unrelatedRootsMayTalk: boolean,
): boolean {
  const above = ancestry(target, parentOf)
  if (above.length === 0) return false
  if (caller === target || above.includes(caller)) return true
  const own = ancestry(caller, parentOf)
  if (own.length === 0) return false
  if (own.includes(target)) return true
  const parent = parentOf(caller)
  if (parent !== parentOf(target)) return false
  return parent === null ? unrelatedRootsMayTalk : true
}
