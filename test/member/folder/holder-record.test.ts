import { describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { systemDisk } from '../../../base/sqlite.ts'
import { startSecondProcess } from '../../../lab/driver/second-process.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { readPidFile, removePidFile, writePidFile } from '../../../member/folder/holder-record.ts'
import { LockFile } from '../../../member/folder/lock.ts'

describe('the record of a holder', () => {
  const holder = { pid: 4242, startedAt: Date.UTC(2026, 6, 1), project: '/home/user/project' }

  test('says who holds the lock, and is removed by whoever wrote it', () => {
    using folder = temporaryFolder()
    const path = folder.file('bot.pid')
    writePidFile(path, holder)
    expect(readPidFile(path)).toEqual(holder)
    removePidFile(path, holder)
    expect(readPidFile(path)).toBeUndefined()
  })

  test('stays when somebody else wrote it', () => {
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
    ['not quite a number', '1e3x\n2026-07-01T00:00:00Z\n'],
  ])('that is %s counts as none, and is replaced', (_what, text) => {
    using folder = temporaryFolder()
    const path = folder.file('bot.pid')
    writeFileSync(path, text)
    expect(readPidFile(path)).toBeUndefined()
    writePidFile(path, holder)
    expect(readPidFile(path)).toEqual(holder)
  })

  test('that is a folder, or that cannot be read or written, does no harm', () => {
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

  test("that names a stranger's process neither keeps the lock from us nor harms the stranger", async () => {
    using folder = temporaryFolder()
    await using stranger = startSecondProcess(
      "console.log(process.pid); setInterval(() => console.log('lives'), 5)",
    )
    const pid = Number(await stranger.line())
    writePidFile(folder.file('bot.pid'), { ...holder, pid })
    const lock = new LockFile(folder.file('a.lock'), systemDisk)
    expect(lock.tryTake().state).toBe('held')
    writePidFile(folder.file('bot.pid'), holder)
    expect([await stranger.line(), readPidFile(folder.file('bot.pid'))?.pid]).toEqual(['lives', 4242])
    lock.close()
  })

  test('is never used to signal a process', () => {
    for (const file of ['lock.ts', 'holder-record.ts']) {
      const source = readFileSync(new URL(`../../../member/folder/${file}`, import.meta.url), 'utf8')
      expect(source).not.toMatch(/\bkill\b/)
    }
  })
})
