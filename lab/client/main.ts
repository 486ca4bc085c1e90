/**
 * Plays scenarios with the real Claude Code client, offline: with a stand-in for the model on loopback, the local
 * platform, and the plugin installed as a user installs it. The client's requests show what the model was given.
 *
 * The client is installed once, below `.tools/`. Where it cannot be, the scenarios are skipped, which is no failure.
 */
import { parseArgs } from 'node:util'
import { describeError } from '../../base/errors.ts'
import { obtainClient, TOOLS_FOLDER } from '../driver/client/installed-client.ts'
import { User } from '../driver/client/user.ts'
import { elapsedMs } from '../stopwatch.ts'
import type { Scenario } from './scenario.ts'
import { doorbell } from './scenario-doorbell.ts'
import { doorbellConsent } from './scenario-doorbell-consent.ts'
import { ends } from './scenario-ends.ts'
import { hearing } from './scenario-hearing.ts'
import { hosts } from './scenario-hosts.ts'
import { permission } from './scenario-permission.ts'
import { questions } from './scenario-questions.ts'
import { runner } from './scenario-runner.ts'
import { setUp } from './scenario-set-up.ts'
import { starts } from './scenario-starts.ts'
import { turns } from './scenario-turns.ts'
import { Stage } from './stage.ts'

const HELP = `Usage: ./molecule test:host [NAME ...]

Plays all scenarios, or the named ones, with the real Claude Code client. Needs no account, and no
network once the client is installed.

  --claude-code VERSION   use this version; each is installed below .tools/ (360 MB, once)
  --client PATH           use this client, and install none
  --keep                  keep the folder of the run: the client's home and logs, the plugin's state
`

const NAME_WIDTH = 18
const scenarios = [
  ...hearing,
  ...hosts,
  ...ends,
  ...turns,
  ...permission,
  ...questions,
  ...doorbell,
  ...doorbellConsent,
  ...runner,
  ...setUp,
  ...starts,
]

class Interrupted extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super('interrupted')
    this.exitCode = exitCode
  }
}

/** Aborts when someone ends the run. */
const interruption = new AbortController()
for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  // Not `once`: the parent process may pass on a signal that the terminal has already sent.
  process.on(signal, () => interruption.abort(new Interrupted(exitCode)))
}

// Whatever an interrupted scenario waits for must not keep the process alive.
process.exit(await main(process.argv.slice(2)))

async function main(argv: readonly string[]): Promise<number> {
  const parsed = parse(argv)
  if (typeof parsed === 'string') {
    console.error(`${parsed}\n\n${HELP}`)
    return 2
  }
  const { values, positionals } = parsed
  const unknown = positionals.filter((name) => !scenarios.some((scenario) => scenario.name === name))
  if (values.help || unknown.length > 0) {
    for (const name of unknown) console.log(`No scenario is named "${name}".\n`)
    console.log(HELP)
    for (const { name, rule } of scenarios) console.log(`  ${name.padEnd(NAME_WIDTH)}${rule}`)
    return unknown.length > 0 ? 2 : 0
  }
  try {
    const client = values.client ?? (await ourClient(values['claude-code']))
    if (client === undefined) return 0
    using user = new User(client)
    user.keep = values.keep
    if (values.keep) console.log(`keeping ${user.folder}`)
    await interruptible(user.install(values.client !== undefined))
    const chosen = scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
    return await playAll(chosen, user)
  } catch (error) {
    if (error instanceof Interrupted) return error.exitCode
    console.log(`failed: ${error instanceof Error ? error.message : String(error)}`)
    return 1
  }
}

/** A string says what is wrong with the command line. */
function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        client: { type: 'string' },
        'claude-code': { type: 'string' },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
      allowPositionals: true,
    })
  } catch (error) {
    return describeError(error)
  }
}

async function ourClient(version: string | undefined): Promise<string | undefined> {
  const { signal } = interruption
  const search = await obtainClient(TOOLS_FOLDER, (line) => console.log(line), signal, version)
  signal.throwIfAborted()
  if (search.found) return search.path
  if (version !== undefined) throw new Error(search.reason)
  console.log(`skipped: ${search.reason}`)
  return undefined
}

async function playAll(chosen: readonly Scenario[], user: User): Promise<number> {
  const begun = elapsedMs()
  let passed = 0
  for (const scenario of chosen) if (await play(scenario, user)) passed++
  console.log(`\n${passed} of ${chosen.length} scenarios passed in ${secondsSince(begun)} s`)
  return passed === chosen.length ? 0 : 1
}

async function play({ name, rule, play }: Scenario, user: User): Promise<boolean> {
  const begun = elapsedMs()
  try {
    await using stage = await Stage.open(user, name)
    const outcome = await interruptible(play(stage))
    console.log(`passed  ${name.padEnd(NAME_WIDTH)}${secondsSince(begun)} s  ${outcome}`)
    return true
  } catch (error) {
    if (error instanceof Interrupted) throw error
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n')
    console.log(`FAILED  ${name.padEnd(NAME_WIDTH)}${secondsSince(begun)} s  ${reason}\n  the rule: ${rule}`)
    return false
  }
}

function interruptible<T>(work: Promise<T>): Promise<T> {
  const { signal } = interruption
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', onAbort))
}

function secondsSince(begun: number): string {
  return ((elapsedMs() - begun) / 1000).toFixed(1)
}
