/**
 * The whole round trip on one machine: a local platform, two plugin processes started as Claude Code starts them, a
 * person in the chat. `--all` adds files, delegation, memory and permission. Exits with 0 only if every step succeeds.
 */
import type { Scene } from '../driver/scene.ts'
import { askPermission, delegateWork, remember, sendFiles } from './everything.ts'
import { converse, enter, leave } from './round-trip.ts'
import { openScene } from './stage.ts'
import { Story } from './story.ts'

const HELP = `Usage: ./molecule demo [--all]

Starts a local platform and two plugin processes, and plays a person in the chat. Exits with 0 if every step succeeds.

  --all    also show files, delegation, memory and permission
  --help   show this text`

const words = process.argv.slice(2)
if (words.some((word) => word === '--help' || word === '-h')) {
  console.log(HELP)
  process.exit(0)
}
const unknown = words.filter((word) => word !== '--all')
if (unknown.length > 0) {
  console.error(`demo: unknown option ${unknown.join(' ')}\n${HELP}`)
  process.exit(2)
}
const story = new Story((line) => console.log(line), process.stdout.isTTY === true)
try {
  await tell(words.includes('--all'))
  story.end('Every step succeeded.')
} catch (error) {
  story.end(`The demo failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}

async function tell(everything: boolean): Promise<void> {
  story.say(
    'A team on one machine: a person, and two Claude Code sessions as the agents builder and reviewer.\n',
  )
  await using scene: Scene = await story.step('platform', 'starts on a free port of this machine', openScene)
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
