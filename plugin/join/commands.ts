/** What `./molecule join`, `token` and `invite-code` do and say. Only `token`, without a file, shows a token. */
import { existsSync, writeFileSync } from 'node:fs'
import type { Clock } from '../../base/clock.ts'
import { describeError } from '../../base/errors.ts'
import type { PlatformClient } from '../../member/client/client.ts'
import { createInviteCode, inviteText } from '../../member/client/invite-code.ts'
import { listWorkspaces } from '../../member/client/operator.ts'
import type { Target } from '../../member/settings/config.ts'
import { platformUrlSchema } from '../../member/settings/platform-url.ts'
import { SETTINGS } from '../../member/settings/setting-table.ts'
import { type Environment, setValue } from '../../member/settings/setting-text.ts'
import { admit, workspaceNamed } from './agent.ts'
import { type CommandLine, parseCommandLine } from './command-line.ts'
import { JoinFailure } from './failure.ts'
import { type Joined, join } from './join.ts'
import { explainRefusal, findPlatform } from './local-platform.ts'
import { shellWord } from './shell-word.ts'
import { startWords } from './start-command.ts'

export interface World {
  readonly argv: readonly string[]
  readonly environment: Environment
  readonly home: string | undefined
  /** The plugin of this clone. */
  readonly pluginFolder: string
  readonly network: typeof fetch
  readonly clock: Clock
  readonly print: (text: string) => void
  readonly complain: (text: string) => void
  /** Runs a program in the terminal, with these variables beside the environment. Resolves with its exit code, or
   * undefined when the machine has no such program. */
  readonly run: (
    words: readonly string[],
    more: Readonly<Record<string, string>>,
  ) => Promise<number | undefined>
}

type Run = Extract<CommandLine, { kind: 'run' }>

/** These override the `.env` of every session that is started here. */
const OVERRIDING = [
  SETTINGS.platformUrl,
  SETTINGS.platformUrls,
  SETTINGS.workspaceIds,
  SETTINGS.workspaceTokens,
  SETTINGS.workspacesJson,
].map(({ name }) => name)

/** @returns the exit code: 0, 1 for a failure, 2 for a wrong command line. */
export async function runCommand(world: World): Promise<number> {
  let line: CommandLine
  try {
    line = parseCommandLine(world.argv)
  } catch (error) {
    return complain(world, error, 2)
  }
  if (line.kind === 'help') {
    world.print(line.text.trimEnd())
    return 0
  }
  try {
    const { environment, home, network, clock } = world
    const operator = findPlatform({ db: line.db, environment, home }, network, clock)
    return await act(line, operator, world).catch((error: unknown) => {
      throw error instanceof JoinFailure ? error : explainRefusal(error, operator)
    })
  } catch (error) {
    return complain(world, error, 1)
  }
}

function complain({ argv, complain }: World, error: unknown, exitCode: number): number {
  complain(`molecule ${argv[0] ?? ''}: ${describeError(error)}`)
  return exitCode
}

async function act(line: Run, operator: PlatformClient, world: World): Promise<number> {
  const { command, name, file } = line
  if (command === 'join') return joined(await join({ ...world, operator, name }), line, world)
  const { platformUrl } = operator.endpoint
  // Before anything is created.
  const url = checkedUrl(line.url ?? platformUrl)
  if (file !== undefined) refuseExisting(file)
  const all = await listWorkspaces(operator)
  const found = workspaceNamed(name, all)
  if (command === 'invite-code') {
    const id = found?.id ?? (await admit(operator, name, undefined, all)).id
    sayInvite(inviteText(url, await createInviteCode(operator, id)), line, world)
    return 0
  }
  const { id, token } = await admit(operator, name, found, all)
  if (file === undefined) world.print(settingsBlock({ platformUrl, workspaceId: id, token }))
  else {
    writeFileSync(file, `${token}\n`, { mode: 0o600, flag: 'wx' })
    world.print(`The token of ${name} (${id}) is in ${file}.`)
  }
  return 0
}

async function joined({ workspaceId, paths, did }: Joined, line: Run, world: World): Promise<number> {
  const { name, start } = line
  const outcome = { nothing: 'was ready', configured: 'is ready', created: 'was created' }[did]
  world.print(`The workspace ${name} (${workspaceId}) ${outcome}. Its settings are in ${paths.envFile}.`)
  const overriding = OVERRIDING.filter((setting) => setValue(world.environment[setting]) !== undefined)
  if (overriding.length > 0) {
    world.complain(`The environment sets ${overriding.join(', ')}, which overrides them: unset that first.`)
  }
  const more = { [SETTINGS.stateDir.name]: paths.folder }
  const words = startWords(world.pluginFolder, line.answer)
  if (!start) {
    const assigned = Object.entries(more).map(([setting, value]) => `${setting}=${shellWord(value)}`)
    world.print(`Start its session with:\n\n  ${[...assigned, ...words.map(shellWord)].join(' ')}`)
    return 0
  }
  const exitCode = await world.run([...words, ...line.more], more)
  if (exitCode === undefined) {
    throw new JoinFailure('Claude Code is not on the PATH: npm i -g @anthropic-ai/claude-code installs it.')
  }
  return exitCode
}

function settingsBlock({ platformUrl, workspaceId, token }: Target): string {
  return [
    `${SETTINGS.platformUrl.name}=${platformUrl}`,
    `${SETTINGS.workspaceIds.name}=${workspaceId}`,
    `${SETTINGS.workspaceTokens.name}=${token}`,
  ].join('\n')
}

function sayInvite(invite: string, { url }: Run, { print }: World): void {
  const where =
    'That address works on this machine only: for another one, add --url with an https address that leads here.'
  print(
    [
      'In a session on the other machine, within ten minutes, type:',
      '',
      `  /molecule:configure ${invite}`,
      '',
      `The code can be used once. After five wrong tries it is void.${url === undefined ? ` ${where}` : ''}`,
    ].join('\n'),
  )
}

function checkedUrl(url: string): string {
  const parsed = platformUrlSchema.safeParse(url)
  if (parsed.success) return parsed.data
  throw new JoinFailure(`--url ${parsed.error.issues[0]?.message ?? 'must be an https URL'}.`)
}

function refuseExisting(file: string): void {
  if (existsSync(file)) throw new JoinFailure(`${file} exists already: name a new file.`)
}
