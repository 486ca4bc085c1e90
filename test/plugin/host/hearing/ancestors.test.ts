import { describe, expect, test } from 'bun:test'
import { until } from '../../../../lab/driver/until.ts'
import { Ancestors } from '../../../../plugin/host/hearing/ancestors.ts'

describe('the processes above this one', () => {
  test('have command lines, read from a process upwards, with each word whole', async () => {
    const script = 'await new Promise((resolve) => process.stdin.once("data", resolve))'
    const child = Bun.spawn([process.execPath, '-e', script, '--channels', 'two words'], { stdin: 'pipe' })
    try {
      // Right after the fork a child still shows its parent's command line, or none.
      const [, second] = await until('the command line of the child', () => {
        const found = new Ancestors(child.pid).commands()
        return found[0]?.slice(-2).join('|') === '--channels|two words' && found
      })
      expect(second?.join(' ')).toContain('bun')
    } finally {
      child.kill()
      await child.exited
    }
  })

  test('are none for a process that does not exist', () => {
    expect(new Ancestors(2 ** 30).commands()).toEqual([])
    expect(new Ancestors(0).commands()).toEqual([])
  })
})
