import { describe, expect, test } from 'bun:test'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { systemDisk } from '../../../base/sqlite.ts'
import { startSecondProcess } from '../../../lab/driver/second-process.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { until } from '../../../lab/driver/until.ts'
import { createPrivately } from '../../../member/folder/database-file.ts'
import { isHeld, LockFile, lockPaths } from '../../../member/folder/lock.ts'
import { diskWith, patienceOf } from '../../fixtures/disk.ts'

const TAKER = `
import { systemDisk } from '@/base/sqlite.ts'
import { LockFile } from '@/member/folder/lock.ts'
console.log(new LockFile(process.argv.at(-1), systemDisk).tryTake().state)
setInterval(() => {}, 1000)
`
/** A process that keeps no reference to the lock, and collects whatever it can. */
const FORGETFUL = `
import { systemDisk } from '@/base/sqlite.ts'
import { LockFile } from '@/member/folder/lock.ts'
const take = () => new LockFile(process.argv.at(-1), systemDisk).tryTake().state
console.log(take())
for (let n = 0; n < 20; n++) { Bun.gc(true); await Bun.sleep(1) }
console.log('collected')
setInterval(() => Bun.gc(true), 20)
`

/** What another process gets when it asks for the lock. */
async function askedElsewhere(path: string): Promise<string> {
  await using other = startSecondProcess(TAKER, path)
  return await other.line()
}

describe('the lock', () => {
  test('is lost when its file is removed or replaced, and whoever waits takes the new file', () => {
    using folder = temporaryFolder()
    const path = folder.file('a.lock')
    const [holder, standby] = [new LockFile(path, systemDisk), new LockFile(path, systemDisk)]
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
    const patience: (number | undefined)[] = []
    const disk = diskWith((db) => ({
      run: (sql) => {
        if (sql.startsWith('BEGIN')) patience.push(patienceOf(db))
        db.run(sql)
      },
    }))
    const lock = new LockFile(path, disk)
    expect([lock.tryTake(), patience]).toEqual([{ state: 'busy' }, [0]])
    lock.close()
  })

  test('is free as soon as its holder is killed', async () => {
    using folder = temporaryFolder()
    const path = folder.file('a.lock')
    await using other = startSecondProcess(TAKER, path)
    await other.line()
    const lock = new LockFile(path, systemDisk)
    expect(lock.tryTake().state).toBe('busy')
    await other.kill()
    await until('the lock to be free', () => lock.tryTake().state === 'held')
    lock.close()
  })

  test('is free for others once it is released, and can be taken again', async () => {
    using folder = temporaryFolder()
    const lock = new LockFile(folder.file('a.lock'), systemDisk)
    lock.tryTake()
    expect(await askedElsewhere(folder.file('a.lock'))).toBe('busy')
    lock.close()
    expect(await askedElsewhere(folder.file('a.lock'))).toBe('held')
    expect(lock.tryTake().state).toBe('held')
    lock.close()
  })

  test('survives a garbage collection', async () => {
    using folder = temporaryFolder()
    const path = folder.file('a.lock')
    await using other = startSecondProcess(FORGETFUL, path)
    expect([await other.line(), await other.line()]).toEqual(['held', 'collected'])
    const lock = new LockFile(path, systemDisk)
    expect(lock.tryTake().state).toBe('busy')
    lock.close()
  })

  test('survives whatever else this process does with the file', async () => {
    using folder = temporaryFolder()
    const path = folder.file('a.lock')
    const lock = new LockFile(path, systemDisk)
    lock.tryTake()
    createPrivately(path)
    statSync(path)
    const second = new LockFile(path, systemDisk)
    expect(second.tryTake().state).toBe('busy')
    second.close()
    expect(await askedElsewhere(path)).toBe('busy')
    lock.close()
  })

  test('belongs to one workspace: another one is free', () => {
    using folder = temporaryFolder()
    const locks = ['a.lock', 'b.lock'].map((name) => new LockFile(folder.file(name), systemDisk))
    expect(locks.map((lock) => lock.tryTake().state)).toEqual(['held', 'held'])
    for (const lock of locks) lock.close()
  })

  test('can be taken on a file that something wrote into, and then excludes others', async () => {
    using folder = temporaryFolder()
    const path = folder.file('a.lock')
    writeFileSync(path, 'no database '.repeat(500))
    const lock = new LockFile(path, systemDisk)
    expect(lock.tryTake().state).toBe('held')
    expect(await askedElsewhere(path)).toBe('busy')
    lock.close()
  })

  test("cannot be taken on a symbolic or hard link to somebody else's file, which stays as it was", () => {
    using folder = temporaryFolder()
    const path = folder.file('a.lock')
    const own = 'no database '.repeat(500)
    writeFileSync(folder.file('own'), own)
    for (const plant of [symlinkSync, linkSync]) {
      plant(folder.file('own'), path)
      expect(new LockFile(path, systemDisk).tryTake()).toMatchObject({
        state: 'failed',
        reason: expect.stringContaining(path),
      })
      rmSync(path)
    }
    expect(readFileSync(folder.file('own'), 'utf8')).toBe(own)
  })

  test('can be taken in a copy of the folder made with hard links, which shares the lock', async () => {
    using folder = temporaryFolder()
    const path = folder.file('a.lock')
    {
      await using killed = startSecondProcess(TAKER, path)
      expect(await killed.line()).toBe('held')
    }
    for (const suffix of ['', '-journal']) linkSync(path + suffix, folder.file(`b.lock${suffix}`))
    const lock = new LockFile(path, systemDisk)
    expect(lock.tryTake().state).toBe('held')
    expect(await askedElsewhere(folder.file('b.lock'))).toBe('busy')
    lock.close()
    expect(await askedElsewhere(folder.file('b.lock'))).toBe('held')
  })

  test('that cannot be created says why, and can be tried again', () => {
    using folder = temporaryFolder()
    const lock = new LockFile(folder.file('locks/a.lock'), systemDisk)
    expect(lock.tryTake()).toMatchObject({ state: 'failed', reason: expect.stringContaining('a.lock') })
    mkdirSync(folder.file('locks'))
    expect(lock.tryTake().state).toBe('held')
    expect(statSync(folder.file('locks/a.lock')).mode & 0o777).toBe(0o600)
    lock.close()
  })
})

describe('asking whether a lock is held', () => {
  test('is true of another process until that has ended', async () => {
    using folder = temporaryFolder()
    const path = folder.file('a.lock')
    expect(isHeld(path, systemDisk)).toBe(false)
    await using other = startSecondProcess(TAKER, path)
    await other.line()
    expect(isHeld(path, systemDisk)).toBe(true)
    await other.kill()
    await until('the lock to be free', () => !isHeld(path, systemDisk))
  })

  test('does not take it: its holder keeps it, and a free one can be taken', async () => {
    using folder = temporaryFolder()
    const path = folder.file('a.lock')
    const lock = new LockFile(path, systemDisk)
    lock.tryTake()
    expect([isHeld(path, systemDisk), isHeld(path, systemDisk)]).toEqual([true, true])
    expect(await askedElsewhere(path)).toBe('busy')
    lock.close()
    expect(isHeld(path, systemDisk)).toBe(false)
    expect(await askedElsewhere(path)).toBe('held')
  })

  test('creates no file, and is false of a file that is not a lock', () => {
    using folder = temporaryFolder()
    expect(isHeld(folder.file('none.lock'), systemDisk)).toBe(false)
    expect(existsSync(folder.file('none.lock'))).toBe(false)
    writeFileSync(folder.file('odd.lock'), 'no database '.repeat(500))
    expect(isHeld(folder.file('odd.lock'), systemDisk)).toBe(false)
  })

  test('does not wait for another process', async () => {
    using folder = temporaryFolder()
    const path = folder.file('a.lock')
    await using other = startSecondProcess(TAKER, path)
    await other.line()
    const patience: (number | undefined)[] = []
    const disk = diskWith((db) => ({
      query: (sql) => {
        patience.push(patienceOf(db))
        return db.query(sql)
      },
    }))
    expect([isHeld(path, disk), patience]).toEqual([true, [0]])
  })
})

test('the files of one workspace lie side by side', () => {
  expect(lockPaths('/state/locks', 'a')).toEqual({
    lock: '/state/locks/a.lock',
    holder: '/state/locks/a.holder',
    claim: '/state/locks/a.claim',
  })
})
