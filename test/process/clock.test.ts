import { expect, setDefaultTimeout, test } from 'bun:test'
import { Gate } from '../../lab/driver/gate.ts'
import type { Host } from '../../lab/driver/host.ts'
import { type Member, Scene } from '../../lab/driver/scene.ts'
import { type ShiftedClock, shiftedClock } from '../../lab/driver/shifted-clock.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(30_000)

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

test.concurrent('a clock that is set forwards and back costs no message, repeats none, and asks no more often', async () => {
  await using scene = await Scene.open()
  await using gate = new Gate(scene.platform.url)
  const clock = await shiftedClock(scene.path('shift'))
  const member = scene.member()
  const host = await hostWithClock(scene, member, gate.url, clock)
  const shifts = [DAY_MS, -2 * DAY_MS, 400 * DAY_MS, -60_000, 0]
  await exchange(scene, member, host, 'first')
  const from = { at: performance.now(), requests: scene.requests.length }
  for (const [index, shift] of shifts.entries()) {
    clock.shift(shift)
    await exchange(scene, member, host, `${index}, just after`)
    const before = beats(scene.requests)
    // A beat tells that the timers go on, and that some time has passed under this clock.
    await until('a heartbeat', () => beats(scene.requests) > before)
    await exchange(scene, member, host, `${index}, a beat later`)
  }
  const expected = [
    'first',
    ...shifts.flatMap((_, index) => [`${index}, just after`, `${index}, a beat later`]),
  ]
  expect(host.events.map(({ content }) => content)).toEqual(expected)
  expect(host.events.filter(({ meta }) => 'redelivered' in meta)).toEqual([])
  // Four looks a second are asked for, each message may cost some more, and each jump a window that is read again.
  const seconds = (performance.now() - from.at) / 1000
  expect(scene.requests.length - from.requests).toBeLessThan(seconds * 8 + shifts.length * 12)
  expect(gate.mostAtOnce.get(`GET /workspaces/${member.id}/activity`)).toBe(1)
  expect((await host.call('status')).text).toMatch(/last read \d+ s ago, last heartbeat \d+ s ago/)
})

for (const [when, shift] of [
  ['ahead', 400 * DAY_MS],
  ['behind', -400 * DAY_MS],
] as const) {
  test.concurrent(`a session that starts with its clock ${when} repeats nothing that was answered, and goes on`, async () => {
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

/** How long the process stands still: longer than all its waits. */
const STOPPED_MS = 4_000

test.concurrent('a process that stood still, as in a machine that sleeps, is present within a beat and asks no more often', async () => {
  await using scene = await Scene.open()
  await using gate = new Gate(scene.platform.url)
  const member = scene.member()
  const host = await scene.host(scene.settings(member, { ...QUICK, MOLECULE_PLATFORM_URL: gate.url }))
  await host.receiving()
  await exchange(scene, member, host, 'before')
  process.kill(host.pid, 'SIGSTOP')
  await scene.person.write(member.id, 'while it stood still')
  await Bun.sleep(STOPPED_MS)
  const before = scene.requests.length
  process.kill(host.pid, 'SIGCONT')
  const woken = performance.now()
  await until('a heartbeat', () => beats(scene.requests.slice(before)) > 0)
  expect(performance.now() - woken).toBeLessThan(1_500)
  await host.event(({ content }) => content === 'while it stood still')
  await exchange(scene, member, host, 'after')
  await until('a second beat', () => beats(scene.requests.slice(before)) > 1)
  const seconds = (performance.now() - woken) / 1000
  expect(beats(scene.requests.slice(before))).toBeLessThanOrEqual(Math.ceil(seconds) + 1)
  expect(scene.requests.length - before).toBeLessThan(seconds * 8 + 20)
  expect(gate.mostAtOnce.get(`GET /workspaces/${member.id}/activity`)).toBe(1)
  expect(host.events.map(({ content }) => content)).toEqual(['before', 'while it stood still', 'after'])
})
