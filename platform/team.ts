/** A small team to begin with: a lead and two agents under it, each with its first token. */
import type { Tokens } from './store/tokens.ts'
import type { WorkspaceRow, Workspaces } from './store/workspaces.ts'

export interface Member {
  readonly id: string
  readonly name: string
  /** Shown once; only its digest is kept. */
  readonly token: string
}

export interface WorkspaceWish {
  readonly name: string
  readonly role?: string
  readonly parentId?: string
}

/** An external workspace that polls, with a token, as one would create it over HTTP. */
export function createMember(workspaces: Workspaces, tokens: Tokens, wish: WorkspaceWish): Member {
  const row: WorkspaceRow = workspaces.create({
    ...wish,
    runtime: 'external',
    status: 'awaiting_agent',
    deliveryMode: 'poll',
  })
  return { id: row.id, name: row.name, token: tokens.mint(row.id, 'instance') }
}

/** lead, builder, reviewer: the two agents are siblings, and both report to the lead. */
export function createTeam(workspaces: Workspaces, tokens: Tokens): readonly Member[] {
  const lead = createMember(workspaces, tokens, {
    name: 'lead',
    role: 'Plans the work and talks to the person',
  })
  const member = (name: string, role: string) =>
    createMember(workspaces, tokens, { name, role, parentId: lead.id })
  return [
    lead,
    member('builder', 'Writes the code'),
    member('reviewer', 'Reads the code and says what is wrong'),
  ]
}
