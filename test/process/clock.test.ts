import { expect, setDefaultTimeout, test } from 'bun:test'
import { Gate } from '../../lab/driver/gate.ts'
import type { Host } from '../../lab/driver/host.ts'
import { type Member, Scene } from '../../lab/driver/scene.ts'
import { type ShiftedClock, shiftedClock } from '../../lab/driver/shifted-clock.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(300_000)

const DAY_MS = 24 * 60 * 60_000
const QUICK = { MOLECULE_POLL_INTERVAL_MS: '250', MOLECULE_HEARTBEAT_INTERVAL_MS: '1000' }

async function hostWithClock(scene: Scene, member: Member, url: string, clock: ShiftedClock): Promise<Host> {
  const env = scene.settings(member, { ...QUICK, ...clock.env, MOLECULE_PLATFORM_URL: url })
  const host = await scene.host(env, { script: clock.script })
  await host.receiving()
  return host
}

async function exchange(scene: Scene, member: Member, host: Host, text: string): Promise<void> {
  await scene.person.write(member.id, text)
  await host.event(({ content }) => content === text)
}

const beats = (requests: readonly string[]): number =>
  requests.filter((request) => request === 'POST /registry/heartbeat').length

test.concurrent('a clock set forward and back loses no message and repeats none', async () => {
  await using scene = await Scene.open()
  await using gate = new Gate(scene.platform.url)
  const clock = await shiftedClock(scene.path('shift'))
  const member = scene.member()
  const host = await hostWithClock(scene, member, gate.url, clock)
  const shifts = [DAY_MS, -2 * DAY_MS, 400 * DAY_MS, -60_000, 0]
  await exchange(scene, member, host, 'first')
  for (const [index, shift] of shifts.entries()) {
    clock.shift(shift)
    await exchange(scene, member, host, `${index}, just after`)
    const before = beats(scene.requests)
    // A heartbeat shows that the timers go on, and that time has passed under this clock.
    await until('a heartbeat', () => beats(scene.requests) > before)
    await exchange(scene, member, host, `${index}, a beat later`)
  }
  expect(host.events.map(({ content }) => content)).toEqual([
    'first',
    ...shifts.flatMap((_, index) => [`${index}, just after`, `${index}, a beat later`]),
  ])
  expect(host.events.filter(({ meta }) => 'redelivered' in meta)).toEqual([])
  // A jump ends the read that is on its way, and begins another: the gate may see the second before the end of the first.
  expect(gate.mostAtOnce.get(`GET /workspaces/${member.id}/activity`)).toBeWithin(1, 3)
  expect((await host.call('status')).text).toMatch(/last read \d+ s ago, last heartbeat \d+ s ago/)
})

for (const [when, shift] of [
  ['ahead', 400 * DAY_MS],
  ['behind', -400 * DAY_MS],
] as const) {
  test.concurrent(`a session that starts with its clock ${when} repeats nothing answered, and delivers the rest`, async () => {
    await using scene = await Scene.open()
    const clock = await shiftedClock(scene.path('shift'))
    const member = scene.member()
    const first = await hostWithClock(scene, member, scene.platform.url, clock)
    await exchange(scene, member, first, 'answered')
    const [event] = first.events
    await first.call('reply_to_workspace', { activity_id: event?.meta.activity_id, text: 'done' })
    await first.close()
    await scene.person.write(member.id, 'while nobody held it')

    clock.shift(shift)
    const second = await hostWithClock(scene, member, scene.platform.url, clock)
    await second.event(({ content }) => content === 'while nobody held it')
    clock.shift(0)
    await exchange(scene, member, second, 'after the clock was set right')
    expect(second.events.map(({ content }) => content)).toEqual([
      'while nobody held it',
      'after the clock was set right',
    ])
  })
}
