import { expect, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { systemClock } from '../../../base/clock.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { Log, type LogOptions, MAX_ISSUED } from '../../../member/folder/log.ts'

const PREFIX = 'molecule channel: '

/** `written` is what callers said, without the prefix. */
function quietLog(options: Partial<LogOptions> = {}) {
  const written: string[] = []
  const write = (line: string) => written.push(line.replace(PREFIX, ''))
  return { written, log: new Log({ write, clock: systemClock, ...options }) }
}

test('every line names the program, on stderr and in the file', () => {
  using folder = temporaryFolder()
  const lines: string[] = []
  const log = new Log({ write: (line) => lines.push(line), clock: systemClock })
  log.openFile(folder.file('log'))
  log.info('one')
  expect(lines).toEqual([`${PREFIX}one`])
  expect(readFileSync(folder.file('log'), 'utf8')).toEndWith(` info ${PREFIX}one\n`)
})

test('lines below the level are not logged', () => {
  const { log, written } = quietLog({ level: 'warn' })
  log.debug('one')
  log.info('two')
  log.warn('three')
  log.error('four')
  log.setLevel('debug')
  log.debug('five')
  expect(written).toEqual(['three', 'four', 'five'])
})

test('one call is one line, whatever the text contains', () => {
  using folder = temporaryFolder()
  const { log, written } = quietLog()
  log.openFile(folder.file('log'))
  log.info('one\r\ntwo\nthree\u2028four\u0085five\u001b[2Jsix')
  expect(written).toEqual(['one two three four five [2Jsix'])
  expect(readFileSync(folder.file('log'), 'utf8').split('\n')).toHaveLength(2)
})

test('a line is cut at 8,000 characters', () => {
  const { log, written } = quietLog()
  log.info('x'.repeat(1_000_000))
  expect(written[0]?.length).toBeLessThanOrEqual(8_000)
})

test('a secret appears nowhere, even in lines from before it was known', () => {
  using folder = temporaryFolder()
  const { log, written } = quietLog()
  log.info('early with secret-token-long')
  log.addSecrets(['secret-token', 'secret-token-long', 'abc'])
  log.openFile(folder.file('log'))
  log.info('late with secret-token-long and secret-token twice secret-token; abc is no secret')
  expect(written[1]).toBe('late with [secret] and [secret] twice [secret]; abc is no secret')
  expect(readFileSync(folder.file('log'), 'utf8')).not.toContain('secret-token')
})

test('the newest twenty secrets issued to a workspace are redacted, and those of the user always are', () => {
  const { log, written } = quietLog()
  const issued = (workspace: string, n: number) => `issued-secret-${workspace}-${n}.`
  log.addSecrets(['token-of-the-user'])
  log.addIssued('b', [issued('b', 0)])
  for (let n = 0; n < 1_000; n++) log.addIssued('a', [issued('a', n), 'short'])
  // What is in use is issued again and again, and stays.
  log.addIssued('a', [issued('a', 990)])
  const said = [
    issued('a', 979),
    issued('a', 980),
    issued('a', 999),
    issued('b', 0),
    'token-of-the-user',
    'short',
  ]
  for (const text of said) log.info(text)
  expect([MAX_ISSUED, ...written]).toEqual([20, issued('a', 979), ...Array(4).fill('[secret]'), 'short'])
})

test('lines from before the file is open come first in it, and are bounded', () => {
  using folder = temporaryFolder()
  const { log } = quietLog()
  for (let n = 0; n < 1_000; n++) log.info(`early ${n}.`)
  expect(existsSync(folder.file('log'))).toBe(false)
  log.openFile(folder.file('log'))
  log.info('later')
  const lines = readFileSync(folder.file('log'), 'utf8').trim().split('\n')
  expect([lines.length, lines[0], lines.at(-1)]).toEqual([
    201,
    expect.stringContaining('early 0.'),
    expect.stringContaining('later'),
  ])
})

test('the file never grows beyond its bound, one older file is kept, and the newest line is always there', () => {
  using folder = temporaryFolder()
  const { log } = quietLog({ maxBytes: 2_000 })
  log.openFile(folder.file('log'))
  for (let n = 0; n < 300; n++) {
    log.info(`line ${n} ÄÖÜ €€€€€€€€€€`)
    expect(statSync(folder.file('log')).size).toBeLessThanOrEqual(2_000)
  }
  expect(statSync(folder.file('log.1')).size).toBeLessThanOrEqual(2_000)
  expect(readFileSync(folder.file('log'), 'utf8')).toContain('line 299 ')
  expect(existsSync(folder.file('log.2'))).toBe(false)
})

test('the file is for the owner alone, whether new or found with wider rights', () => {
  using folder = temporaryFolder()
  writeFileSync(folder.file('old'), 'earlier\n', { mode: 0o644 })
  for (const name of ['new', 'old']) {
    const { log } = quietLog({ maxBytes: 100 })
    log.openFile(folder.file(name))
    expect([name, statSync(folder.file(name)).mode & 0o777]).toEqual([name, 0o600])
    for (let n = 0; n < 5; n++) log.info('a line that fills the file')
    expect([name, statSync(folder.file(name)).mode & 0o777]).toEqual([name, 0o600])
  }
})

test('a file that cannot be written does no harm, and the log tells why', () => {
  using folder = temporaryFolder()
  mkdirSync(folder.file('log'))
  const { log, written } = quietLog()
  log.openFile(folder.file('log'))
  log.openFile(folder.file('no/such/folder'))
  log.info('still said')
  expect(written).toEqual(['still said'])
  expect(log.problem).toContain(folder.file('no/such/folder'))
  log.openFile(folder.file('new'))
  expect(log.problem).toBeUndefined()
})
