import { describe, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { until } from '../../../lab/driver/until.ts'
import {
  isHeld,
  LockFile,
  lockPaths,
  readPidFile,
  removePidFile,
  writePidFile,
} from '../../../member/folder/lock.ts'
import { createPrivately } from '../../../member/folder/state-folder.ts'
import { startSecondProcess } from '../../fixtures/second-process.ts'

const TAKER = `
import { LockFile } from '@/member/folder/lock.ts'
console.log(new LockFile(process.argv.at(-1)).tryTake().state)
setInterval(() => {}, 1000)
`
/** A session that keeps no reference of its own to the lock, and collects whatever it can. */
const FORGETFUL = `
import { LockFile } from '@/member/folder/lock.ts'
const take = () => new LockFile(process.argv.at(-1)).tryTake().state
console.log(take())
for (let n = 0; n < 20; n++) { Bun.gc(true); await Bun.sleep(1) }
console.log('collected')
setInterval(() => Bun.gc(true), 20)
`

/** What a session of its own is told when it asks for the lock. */
async function askedElsewhere(path: string): Promise<string> {
  await using other = startSecondProcess(TAKER, path)
  return await other.line()
}

describe('the lock', () => {
  test('of a file that is gone, or another one now, is lost, and whoever waits takes the one that is there', () => {
    using folder = temporaryFolder()
    const path = folder.file('a.lock')
    const [holder, standby] = [new LockFile(path), new LockFile(path)]
    expect([holder.tryTake().state, standby.tryTake().state]).toEqual(['held', 'busy'])
    expect([holder.lost, standby.lost]).toEqual([false, false])
    rmSync(path)
    expect([holder.lost, standby.lost]).toEqual([true, true])
    writeFileSync(path, '', { mode: 0o600 })
    expect([standby.tryTake().state, standby.lost, holder.lost]).toEqual(['held', false, true])
    holder.close()
    expect([holder.tryTake().state, holder.lost]).toEqual(['busy', false])
    for (const lock of [holder, standby]) lock.close()
  })

  test('is refused, without waiting, while another process holds it', async () => {
    using folder = temporaryFolder()
    const path = folder.file('a.lock')
    await using other = startSecondProcess(TAKER, path)
    expect(await other.line()).toBe('held')
    const lock = new LockFile(path)
    const began = performance.now()
    expect(lock.tryTake()).toEqual({ state: 'busy' })
    expect(performance.now() - began).toBeLessThan(500)
    expect(lock.held).toBe(false)
    lock.close()
  })

  test('is free as soon as its holder is killed', async () => {
    using folder = temporaryFolder()
    const path = folder.file('a.lock')
    await using other = startSecondProcess(TAKER, path)
    await other.line()
    const lock = new LockFile(path)
    expect(lock.tryTake().state).toBe('busy')
    await other.kill()
    await until('the lock to be free', () => lock.tryTake().state === 'held')
    lock.close()
  })

  test('is free for others once it is given back, and can be taken again', async () => {
    using folder = temporaryFolder()
    const lock = new LockFile(folder.file('a.lock'))
    lock.tryTake()
    expect(await askedElsewhere(folder.file('a.lock'))).toBe('busy')
    lock.close()
    expect(await askedElsewhere(folder.file('a.lock'))).toBe('held')
    expect(lock.tryTake().state).toBe('held')
    lock.close()
  })

  test('outlives a collection of everything that nothing refers to', async () => {
    using folder = temporaryFolder()
    const path = folder.file('a.lock')
    await using other = startSecondProcess(FORGETFUL, path)
    expect([await other.line(), await other.line()]).toEqual(['held', 'collected'])
    const lock = new LockFile(path)
    expect(lock.tryTake().state).toBe('busy')
    lock.close()
  })

  test('is not dropped by what else this process does with the file', async () => {
    using folder = temporaryFolder()
    const path = folder.file('a.lock')
    const lock = new LockFile(path)
    lock.tryTake()
    createPrivately(path)
    statSync(path)
    const second = new LockFile(path)
    expect(second.tryTake().state).toBe('busy')
    second.close()
    expect(await askedElsewhere(path)).toBe('busy')
    lock.close()
  })

  test('is one for each workspace', () => {
    using folder = temporaryFolder()
    const locks = ['a.lock', 'b.lock'].map((name) => new LockFile(folder.file(name)))
    expect(locks.map((lock) => lock.tryTake().state)).toEqual(['held', 'held'])
    for (const lock of locks) lock.close()
  })

  test('is taken on a file that something wrote into, and then holds', async () => {
    using folder = temporaryFolder()
    const path = folder.file('a.lock')
    writeFileSync(path, 'no database '.repeat(500))
    const lock = new LockFile(path)
    expect(lock.tryTake().state).toBe('held')
    expect(await askedElsewhere(path)).toBe('busy')
    lock.close()
  })

  test('is not taken on a link or a second name of a file of someone else, which stays as it was', () => {
    using folder = temporaryFolder()
    const path = folder.file('a.lock')
    const own = 'no database '.repeat(500)
    writeFileSync(folder.file('own'), own)
    for (const plant of [symlinkSync, linkSync]) {
      plant(folder.file('own'), path)
      expect(new LockFile(path).tryTake()).toMatchObject({
        state: 'failed',
        reason: expect.stringContaining(path),
      })
      rmSync(path)
    }
    expect(readFileSync(folder.file('own'), 'utf8')).toBe(own)
  })

  test('that cannot be made says why, and can be tried again', () => {
    using folder = temporaryFolder()
    const lock = new LockFile(folder.file('locks/a.lock'))
    expect(lock.tryTake()).toMatchObject({ state: 'failed', reason: expect.stringContaining('a.lock') })
    mkdirSync(folder.file('locks'))
    expect(lock.tryTake().state).toBe('held')
    expect(statSync(folder.file('locks/a.lock')).mode & 0o777).toBe(0o600)
    lock.close()
  })
})

describe('whether a lock is held', () => {
  test('is told of another process, and is no longer true when that is gone', async () => {
    using folder = temporaryFolder()
    const path = folder.file('a.lock')
    expect(isHeld(path)).toBe(false)
    await using other = startSecondProcess(TAKER, path)
    await other.line()
    expect(isHeld(path)).toBe(true)
    await other.kill()
    await until('the lock to be free', () => !isHeld(path))
  })

  test('is asked without taking it: its holder keeps it, and a free one can be taken', async () => {
    using folder = temporaryFolder()
    const path = folder.file('a.lock')
    const lock = new LockFile(path)
    lock.tryTake()
    expect([isHeld(path), isHeld(path)]).toEqual([true, true])
    expect(await askedElsewhere(path)).toBe('busy')
    lock.close()
    expect(isHeld(path)).toBe(false)
    expect(await askedElsewhere(path)).toBe('held')
  })

  test("makes no file, and a file that is no lock is nobody's", () => {
    using folder = temporaryFolder()
    expect(isHeld(folder.file('none.lock'))).toBe(false)
    expect(existsSync(folder.file('none.lock'))).toBe(false)
    writeFileSync(folder.file('odd.lock'), 'no database '.repeat(500))
    expect(isHeld(folder.file('odd.lock'))).toBe(false)
  })
})

test('what belongs to the lock of a workspace lies side by side', () => {
  expect(lockPaths('/state/locks', 'a')).toEqual({
    lock: '/state/locks/a.lock',
    holder: '/state/locks/a.holder',
    claim: '/state/locks/a.claim',
  })
})

describe('the pid file', () => {
  const holder = { pid: 4242, startedAt: Date.UTC(2026, 6, 1), project: '/home/user/project' }

  test('says who holds the channel, and is removed by who wrote it', () => {
    using folder = temporaryFolder()
    const path = folder.file('bot.pid')
    writePidFile(path, holder)
    expect(readPidFile(path)).toEqual(holder)
    removePidFile(path, holder)
    expect(readPidFile(path)).toBeUndefined()
  })

  test('of somebody else is left where it is', () => {
    using folder = temporaryFolder()
    const path = folder.file('bot.pid')
    writePidFile(path, holder)
    removePidFile(path, { ...holder, pid: 4243 })
    expect(readPidFile(path)).toEqual(holder)
  })

  test.each([
    ['garbage', 'not a pid at all\u0000\u0001'],
    ['empty', ''],
    ['a negative number', '-1\n2026-07-01T00:00:00Z\n/\n'],
    ['a number without a time', '1\n'],
    ['a number that is none', '1e3x\n2026-07-01T00:00:00Z\n'],
  ])('that is %s says nothing, and is replaced', (_what, text) => {
    using folder = temporaryFolder()
    const path = folder.file('bot.pid')
    writeFileSync(path, text)
    expect(readPidFile(path)).toBeUndefined()
    writePidFile(path, holder)
    expect(readPidFile(path)).toEqual(holder)
  })

  test('that is a folder, or cannot be read or written, is no matter', () => {
    using folder = temporaryFolder()
    const path = folder.file('bot.pid')
    mkdirSync(path)
    writePidFile(path, holder)
    expect(readPidFile(path)).toBeUndefined()
    removePidFile(path, holder)
    expect(statSync(path).isDirectory()).toBe(true)
    const closed = folder.file('closed.pid')
    writeFileSync(closed, '1\n')
    chmodSync(closed, 0)
    writePidFile(closed, holder)
    removePidFile(closed, holder)
    writePidFile(folder.file('no/such/folder'), holder)
  })

  test("that names a stranger's process neither keeps us from the lock nor harms the stranger", async () => {
    using folder = temporaryFolder()
    await using stranger = startSecondProcess(
      "console.log(process.pid); setInterval(() => console.log('lives'), 5)",
    )
    const pid = Number(await stranger.line())
    writePidFile(folder.file('bot.pid'), { ...holder, pid })
    const lock = new LockFile(folder.file('a.lock'))
    expect(lock.tryTake().state).toBe('held')
    writePidFile(folder.file('bot.pid'), holder)
    expect([await stranger.line(), readPidFile(folder.file('bot.pid'))?.pid]).toEqual(['lives', 4242])
    lock.close()
  })

  test('never makes the code that reads it signal anybody', () => {
    const source = readFileSync(new URL('../../../member/folder/lock.ts', import.meta.url), 'utf8')
    expect(source).not.toMatch(/\bkill\b/)
  })
})
