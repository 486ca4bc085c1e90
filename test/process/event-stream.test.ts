import { expect, setDefaultTimeout, test } from 'bun:test'
import { Gate, isFeed } from '../../lab/driver/gate.ts'
import { Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(300_000)

const MIN_OPENINGS = 5

test('an event stream that floods is closed, delays no message, and costs a bounded number of requests', async () => {
  await using scene = await Scene.open()
  await using gate = new Gate(scene.platform.url)
  const flood = 'data: {"type":"ACTIVITY_LOGGED"}\n\n'.repeat(1_000)
  let [opened, looks] = [0, 0]
  gate.answer = (request) => {
    if (isFeed(request)) looks++
    if (!new URL(request.url).pathname.endsWith('/events/stream')) return undefined
    opened++
    const endless = new ReadableStream<string>({ pull: (controller) => controller.enqueue(flood) })
    return new Response(endless, { headers: { 'Content-Type': 'text/event-stream' } })
  }
  const member = scene.member()
  const host = await scene.host(scene.settings(member, { MOLECULE_PLATFORM_URL: gate.url }))
  for (let count = 0; opened < MIN_OPENINGS; count++) {
    await scene.person.write(member.id, `message ${count}`)
    await host.event(({ content }) => content === `message ${count}`)
    await until('the stream to be opened again', () => opened > count)
  }
  // Each opening and each message costs a look and a second one; a whole flood of hints costs one.
  expect(looks).toBeLessThan(100)
  expect(gate.mostAtOnce.get(`GET /workspaces/${member.id}/activity`)).toBe(1)
  expect(host.events.map(({ content }) => content)).toEqual(host.events.map((_, index) => `message ${index}`))
})
