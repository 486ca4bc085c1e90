import { describe, expect, test } from 'bun:test'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { EMPTY_LOG_BYTES, type Job, systemDiskWith } from '../../base/sqlite.ts'
import { onThreads } from '../../base/thread.ts'
import { openLedger } from '../../lab/driver/ledger.ts'
import { temporaryFolder } from '../../lab/driver/temporary-folder.ts'
import { identityOf } from '../../member/folder/file-stat.ts'
import { PREPARE } from '../../member/ledger/ledger-jobs.ts'
import { HOLDER } from '../fixtures/holder.ts'

const doJob = onThreads(() => import.meta.resolve('../../member/ledger/ledger-thread.ts'))
const disk = systemDiskWith(doJob)

describe('a thread', () => {
  test('prepares a ledger for opening, and reports what it did with a damaged one', async () => {
    using folder = temporaryFolder()
    const path = folder.file('ledger.db')
    writeFileSync(path, 'this is no database, and it is longer than a header would be. '.repeat(40))
    const { identity, sentence } = await doJob(PREPARE, { path, now: 1, holder: HOLDER, lost: undefined })
    expect(sentence).toContain('the ledger was damaged')
    expect(identity).toBe(identityOf(path))
    openLedger(path).close()
  })

  test('fails a job with the message and code of its error, and fails an unknown job', async () => {
    using folder = temporaryFolder()
    const path = folder.file('none/ledger.db')
    const job = doJob(PREPARE, { path, now: 1, holder: HOLDER, lost: undefined })
    await expect(job).rejects.toMatchObject({ code: 'ENOENT', message: expect.stringContaining('none') })
    const unknown: Job<string, string> = { name: 'unknown', run: () => '' }
    await expect(doJob(unknown, '')).rejects.toThrow('there is no job unknown')
  })

  test('fails a job whose program does not load', async () => {
    const lost = onThreads(() => 'data:text/javascript,throw%20new%20Error(%22no%20such%20program%22)')
    await expect(lost(PREPARE, { path: 'x', now: 1, holder: HOLDER, lost: undefined })).rejects.toThrow()
  })

  test('moves the log into the file while the database is open, and leaves it short', async () => {
    using folder = temporaryFolder()
    const path = folder.file('a.db')
    const db = disk.open(path)
    db.run('PRAGMA journal_mode = WAL')
    db.run('PRAGMA wal_autocheckpoint = 0')
    db.run('CREATE TABLE row (text TEXT)')
    for (let n = 0; n < 60; n++) db.query('INSERT INTO row VALUES (?)').run('x'.repeat(100_000))
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(4 * EMPTY_LOG_BYTES)
    expect(await db.checkpoint()).toBeTrue()
    expect(statSync(`${path}-wal`).size).toBeLessThanOrEqual(EMPTY_LOG_BYTES)
    expect(db.query<{ n: number }>('SELECT count(*) AS n FROM row').get()).toEqual({ n: 60 })
    db.close()
  })
})

test('a database told to leave its log leaves it, even when closed last', () => {
  using folder = temporaryFolder()
  const left = [false, true].map((leaves) => {
    const path = folder.file(`${leaves}.db`)
    const db = disk.open(path)
    db.run('PRAGMA journal_mode = WAL')
    db.run('CREATE TABLE row (text TEXT)')
    if (leaves) db.leaveLog()
    db.close()
    return existsSync(`${path}-wal`) && statSync(`${path}-wal`).size > 0
  })
  expect(left).toEqual([false, true])
})
