import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { pause } from '../../lab/driver/pause.ts'
import { Scene } from '../../lab/driver/scene.ts'

import { elapsedMs } from '../../lab/stopwatch.ts'

setDefaultTimeout(300_000)

/** The host drops events until it has read the tool list and attached its listener: on a slow machine, for a while. */
const MIN_DELAY_MS = 1_000

test.concurrent('a start that only lists the tools leaves no trace', async () => {
  await using scene = await Scene.open()
  const plugin = scene.process(scene.settings(scene.member()))
  await plugin.connect('claude-code')
  // The pause of the host before it interrupts a one-shot run.
  await pause(10)
  plugin.signal('SIGINT')
  expect(await plugin.exited()).toBe(0)
  expect(existsSync(scene.path('state'))).toBe(false)
  expect(scene.requests).toEqual([])
})

test.concurrent('a host that never lists the tools is never taken for a listener', async () => {
  await using scene = await Scene.open()
  const silent = scene.member()
  const plugin = scene.process(scene.settings(silent, {}, 'silent'))
  await plugin.initialize()
  plugin.notify('notifications/initialized')
  // Another process, started later, receives by now: long enough for the first to have done so.
  const other = await scene.host(scene.settings(scene.member(), {}, 'other'))
  await other.receiving()
  expect(existsSync(scene.path('silent'))).toBe(false)
  expect(scene.requests.filter((request) => request.includes(silent.id))).toEqual([])
})

test.concurrent('a message that waits at the start is shown once, and not before the host listens', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  await scene.person.write(member.id, 'written before the start')
  // On a slow machine, this process learns late that the list was read: so from before it.
  const begun = elapsedMs()
  const host = await scene.host(scene.settings(member))
  const event = await host.event(({ content }) => content === 'written before the start')
  expect(event.at - begun).toBeGreaterThan(MIN_DELAY_MS)
  await scene.person.write(member.id, 'written after it')
  await host.event(({ content }) => content === 'written after it')
  expect(host.events.map(({ content }) => content)).toEqual(['written before the start', 'written after it'])
})

test.concurrent('a second tool list repeats nothing', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const host = await scene.host(scene.settings(member))
  await scene.person.write(member.id, 'first')
  await host.event(({ content }) => content === 'first')
  await host.client.listTools()
  await scene.person.write(member.id, 'second')
  await host.event(({ content }) => content === 'second')
  expect(host.events).toHaveLength(2)
})
