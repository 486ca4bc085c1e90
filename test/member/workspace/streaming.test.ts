import { describe, expect, test } from 'bun:test'
import { stream, toResponse } from '../../../lab/simulation/platform/answers.ts'
import { EventStream } from '../../../lab/simulation/platform/event-streams.ts'
import { textResponse } from '../../../lab/simulation/sim-response.ts'
import { type SceneProcess, SessionScene } from '../../fixtures/session-scene.ts'

const MINUTE_MS = 60_000
const PING = new TextEncoder().encode(': ping\n\n')
const EVENT = new TextEncoder().encode('data: {"type":"TASK_UPDATED"}\n\n')

/** A session with an event stream that the test can break, and that has brought nothing but these. */
function begin(first: readonly Uint8Array[] = [PING, EVENT]): {
  scene: SessionScene
  process: SceneProcess
  streams: EventStream[]
} {
  const scene = new SessionScene()
  const streams: EventStream[] = []
  scene.answer = ({ route }) => {
    if (route !== 'events') return undefined
    const opened = new EventStream(() => {})
    for (const bytes of first) opened.push(bytes)
    streams.push(opened)
    return toResponse(stream(() => opened.body))
  }
  const process = scene.start()
  scene.pass(1_000)
  return { scene, process, streams }
}

const readsOf = (scene: SessionScene): number => scene.sent('activity').length

describe('an event stream', () => {
  test('makes the poll slow while it is open', () => {
    using scene = new SessionScene({ hasEvents: true })
    const process = scene.start()
    scene.pass(1_000)
    expect(process.status).toContain('registered, event stream open, last read')
    const before = readsOf(scene)
    scene.pass(10 * MINUTE_MS)
    expect(readsOf(scene) - before).toBeGreaterThanOrEqual(9)
    expect(readsOf(scene) - before).toBeLessThanOrEqual(13)
  })

  test('brings a message at once', () => {
    const { scene, process, streams } = begin()
    using _ = scene
    scene.pass(10_000)
    scene.first.feed.add()
    streams[0]?.push(new TextEncoder().encode('data: {"type":"ACTIVITY_LOGGED"}\n\n'))
    expect(scene.until('the event', () => process.shown.length > 0)).toBeLessThan(300)
  })

  test('that breaks causes a look at once, and polling at the configured interval until it is open again', () => {
    const { scene, process, streams } = begin()
    using _ = scene
    scene.pass(10_000)
    scene.answer = ({ route }) => (route === 'events' ? textResponse(503, '') : undefined)
    const { id } = scene.first.feed.add()
    streams[0]?.close()
    expect(scene.until('the event', () => process.shown.length > 0)).toBeLessThan(300)
    expect(process.shown).toEqual([id])
    expect(process.status).toContain('registered, polling, last read')
    const before = readsOf(scene)
    scene.pass(MINUTE_MS)
    expect(readsOf(scene) - before).toBeGreaterThanOrEqual(10)
  })

  test('that breaks is opened again soon', () => {
    const { scene, streams } = begin()
    using _ = scene
    for (let n = 1; n <= 5; n++) {
      streams.at(-1)?.close()
      expect(scene.until('the next stream', () => streams.length > n)).toBeLessThan(5_500)
    }
  })

  test('is opened ever more slowly while that fails, and soon again after a good one', () => {
    const { scene, streams } = begin()
    using _ = scene
    const openable = scene.answer
    scene.pass(20_000)
    scene.answer = ({ route }) => (route === 'events' ? textResponse(503, '') : undefined)
    streams[0]?.close()
    const before = scene.sent('events').length
    scene.pass(5 * MINUTE_MS)
    expect(scene.sent('events').length - before).toBeLessThan(60)
    scene.answer = openable
    scene.until('a stream', () => streams.length === 2)
    scene.pass(20_000)
    streams[1]?.close()
    expect(scene.until('the next stream', () => streams.length === 3)).toBeLessThan(500)
  })

  test('that ends as soon as it is open is not opened again at once', () => {
    const { scene, streams } = begin()
    using _ = scene
    const { answer } = scene
    scene.answer = (request, process) => {
      const response = answer(request, process)
      scene.clock.after(50, () => streams.at(-1)?.close())
      return response
    }
    streams[0]?.close()
    scene.pass(5 * MINUTE_MS)
    expect(streams.length).toBeLessThan(60)
  })

  test('that was open between refusals is not given up for them', () => {
    const { scene, process, streams } = begin()
    using _ = scene
    const { answer } = scene
    let asked = 0
    // Twice refused, once opened, and so on.
    scene.answer = (request, number) => {
      if (request.route !== 'events') return undefined
      return ++asked % 3 === 0 ? answer(request, number) : textResponse(404, '')
    }
    for (let n = 1; n < 5; n++) {
      streams.at(-1)?.close()
      scene.until('the next stream', () => streams.length > n)
    }
    expect(process.said('has no event stream')).toEqual([])
  })

  test('is tried three times where the platform has none, and then every five minutes', () => {
    using scene = new SessionScene()
    const process = scene.start()
    scene.pass(MINUTE_MS)
    expect(scene.sent('events')).toHaveLength(3)
    expect(process.said('has no event stream, so messages arrive by polling alone')).toHaveLength(1)
    scene.pass(30 * MINUTE_MS)
    expect(scene.sent('events').length).toBeGreaterThanOrEqual(3 + 5)
    expect(scene.sent('events').length).toBeLessThanOrEqual(3 + 7)
    expect(process.said('has no event stream')).toHaveLength(1)
  })

  test('that is open but brings no events leaves the poll at its configured interval', () => {
    const { scene, process, streams } = begin([PING])
    using _ = scene
    scene.pass(4 * MINUTE_MS)
    expect(streams.length).toBeGreaterThan(1)
    expect(process.status).toContain('event stream silent, so polling')
    const before = readsOf(scene)
    scene.pass(MINUTE_MS)
    expect(readsOf(scene) - before).toBeGreaterThanOrEqual(10)
    expect(process.said('no events on its open event stream')).toHaveLength(1)
  })

  test('that falls silent lets the poll return to its configured interval, with a look at once', () => {
    const { scene, process, streams } = begin()
    using _ = scene
    scene.pass(20_000)
    expect(process.status).toContain('event stream open')
    scene.until('the silence', () => process.status.includes('event stream silent'))
    const before = readsOf(scene)
    scene.pass(20_000)
    expect(streams).toHaveLength(1)
    expect(readsOf(scene) - before).toBeGreaterThanOrEqual(4)
  })

  test('is not trusted after the machine wakes, and the inbox is read at once', () => {
    const { scene, process, streams } = begin()
    using _ = scene
    scene.pass(10_000)
    streams[0]?.silence()
    scene.clock.sleepMachine(60 * MINUTE_MS)
    scene.first.feed.add()
    expect(scene.until('the event', () => process.shown.length > 0)).toBeLessThan(1_500)
    expect(process.status).toContain('event stream silent, so polling')
    const before = readsOf(scene)
    scene.pass(20_000)
    expect(readsOf(scene) - before).toBeGreaterThanOrEqual(4)
  })
})
