import { describe, expect, test } from 'bun:test'
import { until } from '../../../../lab/driver/until.ts'
import { readAncestors } from '../../../../plugin/host/hearing/ancestors.ts'

describe('readAncestors', () => {
  test('returns the command lines from a process upwards, with each word whole', async () => {
    const script = 'await new Promise((resolve) => process.stdin.once("data", resolve))'
    const child = Bun.spawn([process.execPath, '-e', script, '--channels', 'two words'], { stdin: 'pipe' })
    try {
      // Right after the fork a child still shows its parent's command line, or none.
      const [, second] = await until('the command line of the child', () => {
        const found = readAncestors(child.pid)
        return found[0]?.slice(-2).join('|') === '--channels|two words' && found
      })
      expect(second?.join(' ')).toContain('bun')
    } finally {
      child.kill()
      await child.exited
    }
  })

  test('returns nothing for a process that does not exist', () => {
    expect(readAncestors(2 ** 30)).toEqual([])
    expect(readAncestors(0)).toEqual([])
  })
})
