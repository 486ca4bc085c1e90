/** What the command prints once the platform runs. Pure. */
import type { Member } from './team.ts'

export interface Running {
  readonly url: string
  readonly adminToken: string
  readonly db: string
}

/** On the first start: the team, and what to paste so that an agent becomes a member of it. */
export function firstGreeting(running: Running, team: readonly Member[]): string {
  const blocks = team.map((member) => `# ${member.name}\n${envBlock(running.url, member)}`)
  return [
    `A new team of ${team.length} was created: ${team.map((member) => member.name).join(', ')}.`,
    'Each block below makes one agent a member of it. Paste one into the .env file of that agent.',
    'The tokens are shown only now.',
    '',
    blocks.join('\n\n'),
    '',
    where(running),
  ].join('\n')
}

/** On later starts: who is there, and how to get another token. */
export function laterGreeting(
  running: Running,
  members: readonly { readonly id: string; readonly name: string }[],
): string {
  const list = members.map((member) => `  ${member.id}  ${member.name}`)
  return [
    members.length === 0 ? 'The team is empty.' : 'The team:',
    ...list,
    '',
    "An agent's token is shown once. For a new one, read the operator's token (the end of the chat link) into the shell,",
    "which keeps it off every command line, and put the agent's id from above in place of ID:",
    '  read -r MOLECULE_ADMIN_TOKEN',
    `  printf 'Authorization: Bearer %s' "$MOLECULE_ADMIN_TOKEN" | curl -X POST -H @- ${running.url}/admin/workspaces/ID/tokens`,
    '',
    where(running),
  ].join('\n')
}

/** The address to be printed: one that stands for every interface is no place to go to. */
export function reachableUrl(url: string): string {
  return url.replace(/\/\/(0\.0\.0\.0|\[::\])(?=:|$)/, '//localhost')
}

export function envBlock(url: string, member: Member): string {
  return [
    `MOLECULE_PLATFORM_URL=${url}`,
    `MOLECULE_WORKSPACE_IDS=${member.id}`,
    `MOLECULE_WORKSPACE_TOKENS=${member.token}`,
  ].join('\n')
}

/** The token rides in the fragment, which a browser never sends anywhere. */
function where(running: Running): string {
  return [
    `Chat:      ${running.url}/#token=${running.adminToken}`,
    `Platform:  ${running.url}`,
    `Database:  ${running.db}`,
    'Stop with Ctrl-C.',
  ].join('\n')
}
