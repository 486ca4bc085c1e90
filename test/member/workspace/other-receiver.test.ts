import { describe, expect, test } from 'bun:test'
import type { WorkspaceOptions } from '../../../lab/simulation/platform/workspace-options.ts'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { FIRST, type SceneProcess, SessionScene } from '../../fixtures/session-scene.ts'

const INTERVAL_MS = 30_000
const MINUTE_MS = 60_000
const SAID = 'has a second receiver'

const says = (process: SceneProcess): boolean =>
  process.status.includes('ANOTHER PROCESS RECEIVES THE SAME MESSAGES')

/** Two sessions with the same workspace in two state folders, the second started some time after the first. */
function beginTwo(laterMs: number, options: Partial<WorkspaceOptions> = {}) {
  const scene = new SessionScene({ hasEvents: true, ...options })
  const first = scene.start()
  scene.pass(laterMs)
  const second = scene.start(undefined, scene.otherFolder())
  return { scene, first, second, both: [first, second] }
}

/** Every event of a heartbeat once more, some milliseconds later. */
function repeatEvents(scene: SessionScene): void {
  const { streams } = scene.first
  const tell = streams.tellBeat.bind(streams)
  streams.tellBeat = (beat, timestamp) => {
    tell(beat, timestamp)
    tell(beat, timestamp)
    scene.clock.after(40, () => tell(beat, timestamp + 40))
    scene.clock.after(20_000, () => tell(beat, timestamp))
  }
}

describe('two sessions that receive the same workspace from two state folders', () => {
  test.each([[250], [10_000], [29_500], [10 * MINUTE_MS + 250], [60 * MINUTE_MS + 5_000]])(
    'both notice it by their heartbeats on the event stream, started %d ms apart',
    (laterMs) => {
      const { scene, both } = beginTwo(laterMs)
      using _ = scene
      scene.pass(4 * INTERVAL_MS)
      expect(both.map(says)).toEqual([true, true])
    },
  )

  test.each([[1_000], [10_000], [29_000], [10 * MINUTE_MS + 5_000]])(
    'both notice it by the row of the workspace where there is no stream, started %d ms apart',
    (laterMs) => {
      const { scene, both } = beginTwo(laterMs, { hasEvents: false })
      using _ = scene
      scene.pass(8 * INTERVAL_MS)
      expect(both.map(says)).toEqual([true, true])
    },
  )

  for (const hasEvents of [true, false]) {
    test(`both notice it if their heartbeats have different intervals, ${hasEvents ? 'with' : 'without'} a stream`, () => {
      using scene = new SessionScene({ hasEvents })
      const first = scene.start()
      scene.pass(12_000)
      const second = scene.start(undefined, scene.otherFolder({ MOLECULE_HEARTBEAT_INTERVAL_MS: 60_000 }))
      scene.pass(6 * MINUTE_MS)
      expect([first, second].map(says)).toEqual([true, true])
    })
  }

  test('both notice it on an older platform without streams, whose rows say only the uptime', () => {
    const { scene, both } = beginTwo(5 * MINUTE_MS + 7_000, { hasEvents: false, timestampCursor: true })
    using _ = scene
    scene.pass(8 * INTERVAL_MS)
    expect(both.map(says)).toEqual([true, true])
  })

  test('say so in status, under tool results and, once, in the log at warn', () => {
    const { scene, both } = beginTwo(5_000)
    using _ = scene
    for (const process of both) {
      expect(process.session.remark()).toBeUndefined()
    }
    scene.pass(20 * MINUTE_MS)
    for (const process of both) {
      expect(process.said(SAID)).toHaveLength(1)
      expect(process.status).toMatch(
        /receiving: yes, but another process receives the same messages: see below/,
      )
      expect(process.session.remark()).toContain(
        `Note: another process, in another state folder or on another machine, also receives the messages of workspace ${FIRST}`,
      )
    }
  })

  test('stop saying so some minutes after one of them has ended', () => {
    const { scene, first, second } = beginTwo(5_000)
    using _ = scene
    scene.pass(4 * INTERVAL_MS)
    expect(says(first)).toBe(true)
    second.kill()
    scene.pass(3 * MINUTE_MS)
    expect([says(first), first.session.remark()]).toEqual([false, undefined])
  })

  test('notice it although each event comes several times', () => {
    const { scene, both } = beginTwo(7_000)
    using _ = scene
    repeatEvents(scene)
    scene.pass(4 * INTERVAL_MS)
    expect(both.map(says)).toEqual([true, true])
  })
})

test('a session without heartbeats of its own hears those of another process', () => {
  using scene = new SessionScene({ hasEvents: true })
  scene.configure({ MOLECULE_HEARTBEAT_INTERVAL_MS: 0 })
  const process = scene.start()
  for (let n = 1; n <= 3; n++) {
    scene.pass(INTERVAL_MS)
    scene.first.strangeBeat(n * 30)
  }
  expect(says(process)).toBe(true)
})

describe('nothing is said', () => {
  const shapes: readonly [string, Partial<WorkspaceOptions>][] = [
    ['with an event stream', { hasEvents: true }],
    ['without one', { hasEvents: false }],
  ]
  for (const [what, options] of shapes) {
    test(`of a takeover after a kill, a claim there and back, or a restart, ${what}`, () => {
      using scene = new SessionScene(options)
      const first = scene.start()
      scene.pass(5 * MINUTE_MS + 29_950)
      const second = scene.start()
      first.kill()
      scene.pass(5 * MINUTE_MS)
      const third = scene.start()
      third.call('claim_channel')
      scene.pass(INTERVAL_MS - 100)
      second.call('claim_channel')
      scene.pass(INTERVAL_MS)
      third.call('claim_channel')
      scene.pass(5 * MINUTE_MS)
      for (const process of [second, third]) process.stop()
      const fourth = scene.start()
      scene.pass(5 * MINUTE_MS)
      scene.configure({ MOLECULE_AGENT_NAME: 'another name' })
      scene.pass(5 * MINUTE_MS)
      expect(scene.processes.flatMap((process) => process.said(SAID))).toEqual([])
      expect(fourth.holds(FIRST)).toBe(true)
    })

    test(`of one heartbeat that a former holder had left under way, ${what}`, () => {
      using scene = new SessionScene(options)
      const process = scene.start()
      scene.pass(3 * INTERVAL_MS + 5_000)
      scene.first.strangeBeat(4_711)
      scene.pass(10 * MINUTE_MS)
      expect(process.said(SAID)).toEqual([])
    })

    test(`of a machine that sleeps, or a clock that is set, ${what}`, () => {
      using scene = new SessionScene(options)
      const process = scene.start()
      for (const ms of [60 * MINUTE_MS, 3_000, 24 * 60 * MINUTE_MS]) {
        scene.pass(5 * MINUTE_MS + 12_345)
        scene.clock.sleepMachine(ms)
      }
      scene.pass(5 * MINUTE_MS)
      expect(process.said(SAID)).toEqual([])
    })
  }

  test('of events that come twice, are announced twice, or come again much later', () => {
    using scene = new SessionScene({ hasEvents: true })
    repeatEvents(scene)
    const process = scene.start()
    scene.pass(20 * MINUTE_MS)
    expect(process.said(SAID)).toEqual([])
  })

  test('of a platform that repeats old events whenever a stream opens', () => {
    using scene = new SessionScene({ hasEvents: true })
    const { streams } = scene.first
    const told: Parameters<typeof streams.tellBeat>[] = []
    const [tell, add] = [streams.tellBeat.bind(streams), streams.add.bind(streams)]
    let isDeaf = false
    streams.tellBeat = (...beat) => {
      told.push(beat)
      if (!isDeaf) tell(...beat)
    }
    streams.add = (process) => {
      const stream = add(process)
      scene.clock.after(5, () => {
        for (const beat of told) tell(...beat)
      })
      return stream
    }
    const first = scene.start()
    scene.pass(10 * MINUTE_MS)
    first.kill()
    const second = scene.start()
    // The stream is dead now and then, so it is opened again and again, and half of the beats come late.
    for (let n = 0; n < 10; n++) {
      scene.pass(2 * MINUTE_MS)
      isDeaf = !isDeaf
    }
    expect(scene.sent('events').length).toBeGreaterThan(4)
    expect(second.said(SAID)).toEqual([])
  })

  test('of a platform whose clock jumps', () => {
    using scene = new SessionScene({ hasEvents: true })
    const { streams } = scene.first
    const tell = streams.tellBeat.bind(streams)
    let shiftMs = 60 * MINUTE_MS
    streams.tellBeat = (beat, timestamp) => tell(beat, timestamp + shiftMs)
    const process = scene.start()
    for (const next of [0, 24 * 60 * MINUTE_MS, -24 * 60 * MINUTE_MS, 5_000]) {
      scene.pass(5 * MINUTE_MS)
      shiftMs = next
    }
    scene.pass(5 * MINUTE_MS)
    expect(process.said(SAID)).toEqual([])
  })

  test('of our own heartbeat, if the platform is so slow that it goes out between two looks at the row', () => {
    using scene = new SessionScene({ hasEvents: false })
    const { heartbeats } = scene.first.records
    let asked = 0
    scene.answer = ({ route }) => {
      if (route !== 'lookup') return undefined
      // The first is asked for before registering; after that they come in pairs.
      const delayMs = ++asked > 1 && asked % 2 === 1 ? 5_000 : 0
      return new Promise((resolve) => {
        scene.clock.after(delayMs, () => {
          resolve(jsonResponse(200, { uptime_seconds: heartbeats.at(-1)?.state.uptime_seconds ?? 0 }))
        })
      })
    }
    const process = scene.start()
    scene.pass(20 * MINUTE_MS)
    expect(asked).toBeGreaterThan(10)
    expect(process.said(SAID)).toEqual([])
  })

  test('where the platform shows neither rows nor events', () => {
    using scene = new SessionScene({ hasEvents: false })
    scene.answer = ({ route }) => (route === 'lookup' ? new Response('', { status: 403 }) : undefined)
    const process = scene.start()
    scene.pass(20 * MINUTE_MS)
    expect(process.said(SAID)).toEqual([])
  })
})

test('the row is looked at seldom while nothing is suspicious, and never where heartbeats come back as events', () => {
  const lookups = (hasEvents: boolean): number => {
    using scene = new SessionScene({ hasEvents })
    scene.start()
    scene.pass(30 * MINUTE_MS)
    return scene.sent('lookup').length
  }
  expect(lookups(true)).toBeLessThanOrEqual(3)
  // Two after every third of 60 heartbeats.
  expect(lookups(false)).toBeLessThanOrEqual(45)
})
