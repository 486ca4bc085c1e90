/** A small team to start with: a lead and two agents under it, each with its first token. */
import type { Tokens } from './store/tokens.ts'
import type { Workspaces } from './store/workspaces.ts'

export interface Member {
  readonly id: string
  readonly name: string
  /** Shown once; only its digest is stored. */
  readonly token: string
}

export interface NewMember {
  readonly name: string
  readonly role?: string
  readonly parentId?: string
}

/** Creates an external poll workspace with a token, as a request would. */
export function createMember(workspaces: Workspaces, tokens: Tokens, member: NewMember): Member {
  const { id, name } = workspaces.create({
    ...member,
    runtime: 'external',
    status: 'awaiting_agent',
    deliveryMode: 'poll',
  })
  return { id, name, token: tokens.mint(id, 'instance') }
}

/** Creates lead, builder and reviewer. The latter two are siblings, and both report to the lead. */
export function createTeam(workspaces: Workspaces, tokens: Tokens): readonly Member[] {
  const create = (member: NewMember) => createMember(workspaces, tokens, member)
  const lead = create({ name: 'lead', role: 'Plans the work and talks to the person' })
  return [
    lead,
    create({ name: 'builder', role: 'Writes the code', parentId: lead.id }),
    create({ name: 'reviewer', role: 'Reads the code and says what is wrong', parentId: lead.id }),
  ]
}
