/** What the command prints once the platform runs. Pure. */
import type { Member } from './team.ts'

interface Running {
  readonly url: string
  readonly adminToken: string
  readonly db: string
  /** What ./molecule join needs to find this platform, such as --db; undefined when it cannot. */
  readonly joinOptions: string | undefined
}

/** For the first start: the new team, and the block that makes an agent a member of it. */
export function firstGreeting(running: Running, team: readonly Member[]): string {
  const blocks = team.map((member) => `# ${member.name}\n${envBlock(running.url, member)}`)
  return [
    `Created a team of ${team.length}: ${team.map((member) => member.name).join(', ')}.`,
    ...joining(running),
    'For any other agent, paste its block below into its .env file.',
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
    ...joining(running),
    'For one on another machine, run ./molecule invite-code; for a program, ./molecule token.',
    '',
    where(running),
  ].join('\n')
}

function joining({ joinOptions }: Running): readonly string[] {
  if (joinOptions === undefined) return []
  return [
    `For a session on this machine, run ./molecule join with a name, such as: ./molecule join lead${joinOptions}`,
  ]
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
