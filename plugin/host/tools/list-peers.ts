import { z } from 'zod'
import { listPeers as fetchPeers, type Peer } from '../../../member/client/registry.ts'
import { cleanName } from '../text/clean-text.ts'
import { READS_PLATFORM } from './annotations.ts'
import { asWorkspace } from './arguments.ts'
import { resolveSender } from './sender.ts'
import { defineTool } from './tool.ts'

const input = z.strictObject({
  q: z.string().optional().describe('Only peers whose name or role contains this text.'),
  _as_workspace: asWorkspace,
})

const MAX_LISTED = 200

/** The peers this workspace may write to. */
export const listPeers = defineTool({
  name: 'list_peers',
  title: 'List the agents you can reach',
  description:
    'Lists the other workspaces (agents) that yours may write to: id, name, role, status. Use the id with delegate_task or reply_to_workspace.',
  input,
  annotations: READS_PLATFORM,
  async handle({ q, _as_workspace }, context, signal) {
    const client = resolveSender(context, _as_workspace)
    const peers = (await fetchPeers(client, signal)).filter((peer) => matches(peer, q))
    if (peers.length === 0) {
      return {
        text: q === undefined ? 'No other workspace is reachable from here.' : `No peer matches "${q}".`,
      }
    }
    const lines = peers.slice(0, MAX_LISTED).map(describePeer)
    const left = peers.length - lines.length
    return {
      text: [...lines, ...(left > 0 ? [`… and ${left} more; narrow the list with q.`] : [])].join('\n'),
    }
  },
})

function matches({ name, role }: Peer, q: string | undefined): boolean {
  const wanted = q?.trim().toLowerCase()
  if (!wanted) return true
  return [name, role].some((text) => text?.toLowerCase().includes(wanted))
}

function describePeer({ id, name, role, status }: Peer): string {
  const parts = [
    cleanName(name ?? '(no name)'),
    role ? `(${cleanName(role)})` : '',
    `— ${cleanName(status ?? 'unknown')}`,
  ]
  return `${cleanName(id)}  ${parts.filter((part) => part !== '').join(' ')}`
}
