/**
 * The whole round trip on one machine: a local platform, two plugin processes started as Claude Code starts them, a
 * person in the chat. `--all` adds files, delegation, memory and permission. `--team` plays another team: a session and
 * two runners. Exits with 0 only if every step succeeds.
 */
import type { Scene } from '../driver/scene.ts'
import { askPermission, delegateWork, remember, sendFiles } from './everything.ts'
import { converse, enter, leave } from './round-trip.ts'
import { openScene } from './stage.ts'
import { Story } from './story.ts'
import { playTeam } from './team.ts'

const HELP = `Usage: ./molecule demo [--all | --team]

Starts a local platform and a team of real processes, and plays a person in the chat. Exits with 0 if every step succeeds.

  --all    also show files, delegation, memory and permission
  --team   show another team: a session gives work to two runners, workspaces without a terminal
  --help   show this text`

const words = process.argv.slice(2)
if (words.some((word) => word === '--help' || word === '-h')) {
  console.log(HELP)
  process.exit(0)
}
const [chosen, ...others] = new Set(words)
if (others.length > 0 || !(chosen === undefined || chosen === '--all' || chosen === '--team')) {
  console.error(`demo: give one of the options below, not ${words.join(' ')}\n${HELP}`)
  process.exit(2)
}
const story = new Story((line) => console.log(line), process.stdout.isTTY === true)
try {
  await tell()
  story.end('Every step succeeded.')
} catch (error) {
  story.end(`The demo failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}

async function tell(): Promise<void> {
  const cast =
    chosen === '--team'
      ? 'a Claude Code session as lead, and the runners counter and reviewer'
      : 'and two Claude Code sessions as the agents builder and reviewer'
  story.say(`A team on one machine: a person, ${cast}.\n`)
  await using scene: Scene = await story.step('platform', 'starts on a free port of this machine', openScene)
  if (chosen === '--team') await playTeam(scene, story)
  else await playSessions(scene, chosen === '--all')
}

async function playSessions(scene: Scene, everything: boolean): Promise<void> {
  const cast = await enter(scene, story)
  await converse(cast, story)
  if (everything) {
    await sendFiles(cast, scene, story)
    await delegateWork(cast, story)
    await remember(cast, story)
    await askPermission(cast, story)
    story.say('')
  }
  await leave(cast, scene, story)
}
