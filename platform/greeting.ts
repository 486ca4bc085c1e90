/** What the command prints once the platform runs. Pure. */
import type { Member } from './team.ts'

interface Running {
  readonly url: string
  readonly adminToken: string
  readonly db: string
}

/** For the first start: the new team, and the block that makes an agent a member of it. */
export function firstGreeting(running: Running, team: readonly Member[]): string {
  const blocks = team.map((member) => `# ${member.name}\n${envBlock(running.url, member)}`)
  return [
    `Created a team of ${team.length}: ${team.map((member) => member.name).join(', ')}.`,
    'Each block below makes one agent a member of the team. Paste it into the .env file of that agent.',
    'These tokens will not be shown again.',
    '',
    blocks.join('\n\n'),
    '',
    where(running),
  ].join('\n')
}

/** For later starts: the team, and how to get another token. */
export function laterGreeting(
  running: Running,
  members: readonly { readonly id: string; readonly name: string }[],
): string {
  const list = members.map((member) => `  ${member.id}  ${member.name}`)
  return [
    members.length === 0 ? 'The team is empty.' : 'The team:',
    ...list,
    '',
    "An agent's token is shown only once. To mint another, read the operator token (the end of the chat link) into a",
    'shell variable, which keeps it off every command line, and replace ID with the id of the agent:',
    '  read -r MOLECULE_ADMIN_TOKEN',
    `  printf 'Authorization: Bearer %s' "$MOLECULE_ADMIN_TOKEN" | curl -X POST -H @- ${running.url}/admin/workspaces/ID/tokens`,
    '',
    where(running),
  ].join('\n')
}

/** The address to print. Nobody can open the wildcard address in a browser. */
export function reachableUrl(url: string): string {
  return url.replace(/\/\/(0\.0\.0\.0|\[::\])(?=:|$)/, '//localhost')
}

function envBlock(url: string, member: Member): string {
  return [
    `MOLECULE_PLATFORM_URL=${url}`,
    `MOLECULE_WORKSPACE_IDS=${member.id}`,
    `MOLECULE_WORKSPACE_TOKENS=${member.token}`,
  ].join('\n')
}

/** The chat link carries the token in its fragment, which a browser never sends. */
function where(running: Running): string {
  return [
    `Chat:      ${running.url}/#token=${running.adminToken}`,
    `Platform:  ${running.url}`,
    `Database:  ${running.db}`,
    'Stop with Ctrl-C.',
  ].join('\n')
}
