/** From a message sent to its bell, and to its content in the model's hands, beside an event of the channel, in one run. */
import { systemClock } from '../../base/clock.ts'
import { pause } from '../driver/pause.ts'
import { RungHost } from '../driver/rung-host.ts'
import type { Scene } from '../driver/scene.ts'
import { until } from '../driver/until.ts'
import { spread } from '../statistics.ts'
import { elapsedMs } from '../stopwatch.ts'
import type { Line } from './line.ts'

const WARM_UP = 3
const SAMPLES = 30
/** Bells are at least five seconds apart: only a session that has not been rung for as long is rung at once. */
const BETWEEN_BELLS_MS = 5_000
const SPREAD_MS = 250

export async function measureDoorbell(scene: Scene): Promise<readonly Line[]> {
  const [listener, rungMember] = [scene.member(), scene.member()]
  const host = await scene.host(scene.settings(listener))
  await using rung = await RungHost.start(scene, scene.settings(rungMember))
  for (const one of [host, rung.host]) {
    await until('the event stream', async () => (await one.call('status')).text.includes('event stream open'))
  }
  const [events, bells, reads]: [number[], number[], number[]] = [[], [], []]
  for (let index = 0; index < WARM_UP + SAMPLES; index++) {
    await pause(BETWEEN_BELLS_MS + systemClock.random() * SPREAD_MS)
    const text = `sample ${index}.`
    const fromEvent = elapsedMs()
    await scene.person.write(listener.id, text)
    const event = await host.event(({ content }) => content === text)
    const fromBell = elapsedMs()
    await scene.person.write(rungMember.id, text)
    const read = await until('the message to be read', () =>
      rung.reads.find((one) => one.text.includes(text)),
    )
    await rung.idle
    const bell = rung.inbox.prompts.at(-1)
    if (index < WARM_UP || bell === undefined) continue
    events.push(event.at - fromEvent)
    bells.push(bell.at - fromBell)
    reads.push(read.at - fromBell)
  }
  await host.close()
  return [
    { what: 'message sent to event, beside the doorbell', measured: spread(events), budget: '' },
    { what: 'message sent to bell in the inbox', measured: spread(bells), budget: '' },
    { what: 'message sent to content read by a call', measured: spread(reads), budget: '' },
  ]
}
