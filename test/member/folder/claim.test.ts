import { describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { CLAIM_FRESH_MS, type Claim, ClaimFile } from '../../../member/folder/claim.ts'

const NOW = 1_800_000_000_000
const CLAIM: Claim = { session: 'one', pid: 7, project: '/home/ada', at: NOW }

describe('a claim', () => {
  test('is seen by everyone but the claimant while it is fresh', () => {
    using folder = temporaryFolder()
    const file = new ClaimFile(folder.file('a.claim'))
    expect(file.foreign('two', NOW)).toBeUndefined()
    file.write(CLAIM)
    expect([file.foreign('two', NOW), file.foreign('two', NOW + CLAIM_FRESH_MS - 1)]).toEqual([CLAIM, CLAIM])
    expect(file.foreign('one', NOW)).toBeUndefined()
    for (const later of [CLAIM_FRESH_MS, -CLAIM_FRESH_MS]) {
      expect(file.foreign('two', NOW + later)).toBeUndefined()
    }
    expect(statSync(folder.file('a.claim')).mode & 0o777).toBe(0o600)
  })

  test('is cleared by the claimant, and by anyone once it has expired', () => {
    using folder = temporaryFolder()
    const file = new ClaimFile(folder.file('a.claim'))
    for (const [session, at, gone] of [
      ['two', NOW, false],
      ['one', NOW, true],
      ['two', NOW + CLAIM_FRESH_MS, true],
    ] as const) {
      file.write(CLAIM)
      file.clear(session, at)
      expect(existsSync(folder.file('a.claim'))).toBe(!gone)
    }
    file.clear('one', NOW)
  })

  test('of a later claimant replaces an earlier one', () => {
    using folder = temporaryFolder()
    const file = new ClaimFile(folder.file('a.claim'))
    file.write(CLAIM)
    file.write({ ...CLAIM, session: 'two' })
    expect([file.foreign('one', NOW)?.session, file.foreign('two', NOW)]).toEqual(['two', undefined])
  })

  test.each(['', 'garbage', '{"session":"one"}', '[]', 'null'])('that reads %j counts as none', (text) => {
    using folder = temporaryFolder()
    writeFileSync(folder.file('a.claim'), text)
    expect(new ClaimFile(folder.file('a.claim')).foreign('two', NOW)).toBeUndefined()
  })

  test('counts as none where a folder lies in its place, and clearing it does no harm', () => {
    using folder = temporaryFolder()
    mkdirSync(folder.file('a.claim'))
    const file = new ClaimFile(folder.file('a.claim'))
    expect(file.foreign('two', NOW)).toBeUndefined()
    file.clear('two', NOW)
    expect(() => file.write(CLAIM)).toThrow()
  })
})
