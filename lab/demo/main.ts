/**
 * The whole way through on one machine: a local platform, two plugin processes started as Claude Code starts them,
 * a person in the chat. `--all` adds files, delegation, memory and permission. Ends with 0 only if every step was seen.
 */
import { askPermission, delegateWork, remember, sendFiles } from './everything.ts'
import { Stage } from './stage.ts'
import { Story } from './story.ts'
import { converse, enter, leave } from './way-through.ts'

const HELP = `Usage: ./molecule demo [--all]

Starts a local platform and two plugin processes, and plays a person in the chat. It ends with 0 if every step was seen.

  --all    the chapters on files, delegation, memory and permission as well
  --help   this text`

const words = process.argv.slice(2)
if (words.some((word) => word === '--help' || word === '-h')) {
  console.log(HELP)
  process.exit(0)
}
const unknown = words.filter((word) => word !== '--all')
if (unknown.length > 0) {
  console.error(`demo: ${unknown.join(' ')} is not known.\n${HELP}`)
  process.exit(2)
}
const story = new Story((line) => console.log(line), process.stdout.isTTY === true)
const stage = new Stage()
try {
  await tell(words.includes('--all'))
  story.end('Every step was seen.')
} catch (error) {
  story.end(`The demo failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  await stage[Symbol.asyncDispose]()
}

async function tell(everything: boolean): Promise<void> {
  story.say(
    'A team on one machine: a person, and two Claude Code sessions as the agents builder and reviewer.\n',
  )
  const cast = await enter(stage, story)
  await converse(cast, story)
  if (everything) {
    await sendFiles(cast, stage, story)
    await delegateWork(cast, story)
    await remember(cast, story)
    await askPermission(cast, story)
    story.say('')
  }
  await leave(cast, stage, story)
}
