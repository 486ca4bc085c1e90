/**
 * Runs the real plugin, or the real runner, against the real platform under random trouble, and accounts for every
 * message. Exits with 1 if the promise was broken, or if a process is left over.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { counted } from '../../base/plural.ts'
import { statePaths } from '../../member/folder/state-folder.ts'
import { Dice } from '../dice.ts'
import { currentBundle } from '../driver/bundle.ts'

import { openLedger } from '../driver/ledger.ts'

import { openHandles, residentBytes } from '../driver/process-figures.ts'

import { end, processesOf } from '../driver/processes.ts'
import type { Message } from '../judge/evidence.ts'
import { judge } from '../judge/judge.ts'
import { machine } from '../machine.ts'
import { mebibytes } from '../statistics.ts'
import {
  type Arguments,
  type DoorbellArguments,
  parseSoakArguments,
  type RunnerArguments,
  type SessionArguments,
  USAGE,
} from './arguments.ts'
import { begin, type CourseOptions, drain, endure } from './course.ts'
import { bellLoop } from './doorbell/bell-loop.ts'
import { bellLoopFaults, renderBellLoop } from './doorbell/table.ts'
import { Home } from './home.ts'
import { PlatformLife } from './platform-life.ts'
import { RunRecord } from './run-record.ts'
import { killLoop } from './runner/kill-loop.ts'
import { killLoopFaults, renderKillLoop } from './runner/table.ts'
import { faultsOf, type Judgement, renderOutcome } from './table.ts'
import { Desk } from './writers.ts'

const MAX_FAULTS_PRINTED = 20

const chosen = parseSoakArguments(process.argv.slice(2), systemClock.random)
if (chosen === 'help') {
  console.log(USAGE)
  process.exit(0)
}
if (chosen === undefined) {
  console.error(`soak: cannot be run with ${process.argv.slice(2).join(' ')}\n\n${USAGE}`)
  process.exit(2)
}
const folder = mkdtempSync(join(tmpdir(), 'molecule-soak-'))
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    endAll()
    rmSync(folder, { recursive: true, force: true })
    process.exit(130)
  })
}
try {
  const isKept = await soak(chosen)
  process.exit(isKept ? 0 : 1)
} catch (error) {
  console.error(`the soak itself failed (seed ${chosen.seed}; everything is kept in ${folder}):`, error)
  endAll()
  process.exit(1)
}

function endAll(): void {
  for (const pid of processesOf(folder) ?? []) end(pid)
}

/** Returns whether every promise was kept. */
function soak(args: Arguments): Promise<boolean> {
  switch (args.of) {
    case 'sessions':
      return soakSessions(args)
    case 'runner':
      return soakRunner(args)
    case 'doorbell':
      return soakDoorbell(args)
  }
}

/** Returns whether every promise was kept. */
async function soakSessions({ minutes, seed }: SessionArguments): Promise<boolean> {
  console.error(`soak: ${counted(minutes, 'minute')}, seed ${seed}`)
  const record = new RunRecord()
  const complain = (sentence: string): void => void record.unexpected.push(sentence)
  const script = await currentBundle()
  const platform = await PlatformLife.start(join(folder, 'platform.db'), complain)
  const homes = makeHomes(platform, record, script, seed)
  const desk = new Desk(platform, record)
  const say = (line: string): void => console.error(line)
  const course: CourseOptions = { platform, homes, desk, record, minutes, seed, say }

  await begin(course)
  const staying = homes.at(-1)?.longest?.pid
  const atStart = {
    sessionAtStart: describeProcess(staying),
    platformAtStart: describeProcess(platform.pid),
  }
  await endure(course)
  await drain(course)
  const atEnd = { sessionAtEnd: describeProcess(staying), platformAtEnd: describeProcess(platform.pid) }
  for (const home of homes) await home.close()
  const judgement = await judgeRun(course)
  await platform.end('stop')

  const leftOver = processesOf(folder)?.length
  const faults = faultsOf(record, judgement, leftOver)
  const table = renderOutcome(record, judgement, { ...atStart, ...atEnd, leftOver })
  return report(`Seed ${seed}, ${counted(minutes, 'minute')}`, table, faults)
}

/** Returns whether every promise was kept. */
async function soakRunner(args: RunnerArguments): Promise<boolean> {
  console.error(`soak: ${counted(args.kills, 'kill')} of a runner, seed ${args.seed}`)
  const trouble: string[] = []
  const platform = await PlatformLife.start(join(folder, 'platform.db'), (sentence) => trouble.push(sentence))
  const say = (line: string): void => console.error(line)
  const { unexpected, ...measured } = await killLoop({ ...args, platform, folder, say })
  await platform.end('stop')
  const outcome = { ...measured, unexpected: [...unexpected, ...trouble] }
  const leftOver = processesOf(folder)?.length
  const head = `Seed ${args.seed}, ${counted(args.kills, 'kill')}`
  return report(head, renderKillLoop(outcome, leftOver), killLoopFaults(outcome, leftOver))
}

/** Returns whether every promise was kept. */
async function soakDoorbell(args: DoorbellArguments): Promise<boolean> {
  console.error(`soak: ${counted(args.kills, 'kill')} of a session that is rung, seed ${args.seed}`)
  const trouble: string[] = []
  const platform = await PlatformLife.start(join(folder, 'platform.db'), (sentence) => trouble.push(sentence))
  const say = (line: string): void => console.error(line)
  const { unexpected, ...measured } = await bellLoop({ ...args, platform, folder, say })
  await platform.end('stop')
  const outcome = { ...measured, unexpected: [...unexpected, ...trouble] }
  const leftOver = processesOf(folder)?.length
  const head = `Seed ${args.seed}, ${counted(args.kills, 'kill')}`
  return report(head, renderBellLoop(outcome, leftOver), bellLoopFaults(outcome, leftOver))
}

/** Prints the outcome. Returns whether there was no fault; only then nothing is kept. */
function report(head: string, table: string, faults: readonly string[]): boolean {
  console.log(`${head}, ${machine()}\n`)
  console.log(table)
  for (const fault of faults.slice(0, MAX_FAULTS_PRINTED)) console.error(fault)
  if (faults.length === 0) rmSync(folder, { recursive: true, force: true })
  else console.error(`${faults.length} faults; logs and ledgers are kept in ${folder}`)
  endAll()
  return faults.length === 0
}

/** Memory and open handles of a process, as one cell of the table. */
function describeProcess(pid: number | undefined): string {
  const bytes = pid === undefined ? undefined : residentBytes(pid)
  const handles = pid === undefined ? undefined : openHandles(pid)
  if (bytes === undefined || handles === undefined) return 'not known here'
  return `${mebibytes(bytes)}, ${handles} handles`
}

/** One folder with two workspaces, where sessions come and go, and one where a session lives through the run. */
function makeHomes(platform: PlatformLife, record: RunRecord, script: string, seed: number): readonly Home[] {
  const { url: platformUrl, members } = platform
  const common = { folder, script, platformUrl, record }
  const busy = { name: 'busy', members: members.slice(0, 2), seats: 3, firstStays: false }
  const steady = { name: 'steady', members: members.slice(2), seats: 2, firstStays: true }
  return [busy, steady].map(
    (home) => new Home({ ...common, ...home, dice: new Dice(seed, `home ${home.name}`) }),
  )
}

/** Asks the platform which messages had to be shown, and the ledgers which they keep. */
async function judgeRun({ platform, homes, record }: CourseOptions): Promise<Judgement> {
  const messages: Message[] = []
  for (const { id } of platform.members) messages.push(...(await platform.messages(id)))
  const accepted = [...record.written.values()].filter((message) => message.accepted).map(({ key }) => key)
  const stored = new Set(messages.map(({ name }) => name))
  const ledgers = homes.map((home) => openLedger(statePaths(home.stateFolder).ledger))
  try {
    const verdict = judge({
      messages,
      accepted,
      written: record.showings,
      recordOf: ({ activityId, workspaceId }) =>
        ledgers.map((ledger) => ledger.find(activityId, [workspaceId])).find((found) => found !== undefined),
    })
    const storedUnanswered = stored.difference(new Set(accepted)).size
    return { verdict, accepted: accepted.length, storedUnanswered }
  } finally {
    for (const ledger of ledgers) ledger.close()
  }
}
