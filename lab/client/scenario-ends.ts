/** What happens to messages when a session ends before it is done with them. */

import type { ClientSession } from '../driver/client/client-session.ts'
import { runs } from '../driver/processes.ts'
import { until } from '../driver/until.ts'
import { elapsedMs } from '../stopwatch.ts'
import { assertShown, type Scenario } from './scenario.ts'
import type { Stage } from './stage.ts'

/** A session whose model works on `seen`, while `waiting` are in the client's memory. */
async function busySession(
  stage: Stage,
  seen: string,
  ...waiting: readonly string[]
): Promise<ClientSession> {
  const session = await stage.session({ channel: true })
  session.model.hold()
  await stage.write(seen)
  await session.model.nextTurn()
  await stage.untilState('confirmed', seen)
  await stage.write(...waiting)
  await stage.untilState('sent', ...waiting)
  return session
}

const killed: Scenario = {
  name: 'killed',
  rule: 'when the client is killed its plugin ends, and the next session shows what was not confirmed, marked',
  async play(stage) {
    const first = await busySession(stage, 'one', 'two', 'three')
    const { pid } = first.plugin
    const from = elapsedMs()
    first.kill()
    await until('the plugin to end', () => !runs(pid), 2_000)
    const goneMs = Math.round(elapsedMs() - from)
    await stage.write('four')
    const second = await stage.session({ channel: true })
    await second.untilShown('four')
    await stage.untilState('confirmed', 'one', 'two', 'three', 'four')
    assertShown(second, '*two', '*three', 'four')
    return `the plugin was gone after ${goneMs} ms; two of four messages came again, marked`
  },
}

const restarted: Scenario = {
  name: 'restarted',
  rule: 'after a restart, confirmed messages are not repeated; a message that was only sent is, marked, once',
  async play(stage) {
    const first = await busySession(stage, 'one', 'two')
    await first.hangUp()
    const second = await stage.session({ channel: true })
    await second.untilShown('two')
    await stage.untilState('confirmed', 'one', 'two')
    assertShown(second, '*two')
    await second.leave()
    const third = await stage.session({ channel: true })
    await stage.write('three')
    await third.untilShown('three')
    await stage.untilState('confirmed', 'three')
    assertShown(third, 'three')
    return 'the confirmed message did not come again, the other came again, marked'
  },
}

export const ends: readonly Scenario[] = [killed, restarted]
