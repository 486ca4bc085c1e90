import { describe, expect, test } from 'bun:test'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { SimClock } from '../../../lab/simulation/sim-clock.ts'
import { pidSpace, touchPidFile, writePidFile } from '../../../member/folder/holder-record.ts'
import { HolderWatch } from '../../../member/folder/holder-watch.ts'
import type { Stopped } from '../../../member/folder/stopped-process.ts'

const HOLDER = { pid: 7, startedAt: 0, project: '/home/ada', pidSpace: 'here' }

/** A session in `here` that looks at the record of one somewhere else, or here, as its clock has it. */
function watch(holder: Partial<typeof HOLDER>, stoppedOf: () => Stopped | undefined = () => undefined) {
  const folder = temporaryFolder()
  const record = folder.file('a.holder')
  const clock = new SimClock(0)
  const written = { ...HOLDER, ...holder }
  writePidFile(record, written)
  const watch = new HolderWatch(clock, { pidSpace: 'here' }, stoppedOf)
  const pass = (ms: number): void => clock.runUntil(clock.now() + ms)
  /** Looks every five seconds. */
  const lookFor = (ms: number) => {
    let found = watch.standstill(record)
    for (let passed = 0; passed < ms; passed += 5_000) {
      pass(5_000)
      found = watch.standstill(record)
    }
    return found
  }
  return {
    clock,
    pass,
    lookFor,
    watch,
    record,
    touch: (now: number) => touchPidFile(record, written, now),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  }
}

describe('a holder on another machine, or in another container', () => {
  test('is not judged by a process here that has the same pid', () => {
    using scene = watch({ pidSpace: 'elsewhere' }, () => 'plugin')
    const claim = scene.watch.openClaim(scene.record)
    scene.pass(9_000)
    expect([scene.watch.standstill(scene.record), scene.watch.maySeize(scene.record, claim)]).toEqual([
      undefined,
      false,
    ])
  })

  test('stands still once its record has not changed for 90 s, however wrong its clock is', () => {
    using scene = watch({ pidSpace: 'elsewhere' })
    for (const now of [-3_600_000, 1, 86_400_000]) {
      scene.touch(now)
      expect(scene.lookFor(85_000)).toBeUndefined()
    }
    expect(scene.lookFor(10_000)).toBe('silent')
    const claim = scene.watch.openClaim(scene.record)
    scene.pass(5_999)
    expect(scene.watch.maySeize(scene.record, claim)).toBe(false)
    scene.pass(1)
    expect(scene.watch.maySeize(scene.record, claim)).toBe(true)
    scene.touch(5)
    expect(scene.watch.standstill(scene.record)).toBeUndefined()
  })

  test('of an earlier version, which does not touch its record, never counts as standing still', () => {
    using scene = watch({ pidSpace: '' })
    expect(scene.lookFor(600_000)).toBeUndefined()
  })
})

describe('a holder here', () => {
  test('that does not heed a claim for six seconds may lose its lock, and one that answers may not', () => {
    for (const answers of [false, true]) {
      using scene = watch({})
      scene.touch(1)
      const claim = scene.watch.openClaim(scene.record)
      scene.pass(3_000)
      if (answers) scene.touch(2)
      scene.pass(6_000)
      expect(scene.watch.maySeize(scene.record, claim)).toBe(!answers)
    }
  })

  test('is silent only as far as somebody looked: a night between two looks proves nothing', () => {
    using scene = watch({})
    scene.lookFor(30_000)
    scene.clock.sleepMachine(8 * 3_600_000)
    expect(scene.lookFor(0)).toBeUndefined()
  })
})

test('the place where a pid names this process is known, and has one line', () => {
  expect(pidSpace()).toMatch(/^\S.*$/)
  expect(pidSpace()).toBe(pidSpace())
})
