/** A disk that fills up under the SQLite file. */
import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPlatform } from '../../platform/platform.ts'
import { Client } from './contract/client.ts'

const isRoot = process.getuid?.() === 0
test.skipIf(!isRoot || process.platform !== 'linux')(
  'on a full disk the platform refuses what it cannot store, keeps the rest, and says what to do, also at a start',
  async () => {
    const disk = mkdtempSync(join(tmpdir(), 'local-platform-'))
    const mounted = Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk])
    // A container may not mount.
    if (!mounted.success) return rmSync(disk, { recursive: true })
    try {
      const db = join(disk, 'platform.db')
      const lines: string[] = []
      const platform = await startPlatform({ db, log: (line) => lines.push(line) })
      const { id, token } = platform.createWorkspace({ name: 'agent' })
      const client = new Client(platform.url)
      const post = (message: string) =>
        client.call('POST', `/workspaces/${id}/notify`, { token, body: { message } })
      expect((await post('stored')).status).toBe(200)
      writeFileSync(join(disk, 'filler'), new Uint8Array(2 * 1024 * 1024))
      let answer = await post('x'.repeat(100_000))
      for (let n = 0; n < 100 && answer.status === 200; n++) answer = await post('x'.repeat(100_000))
      expect([answer.status, answer.text]).toEqual([
        503,
        expect.stringContaining('the disk of the platform is full'),
      ])
      await post('x'.repeat(100_000))
      rmSync(join(disk, 'filler'))
      expect((await post('again')).status).toBe(200)
      expect(lines).toEqual([
        `The disk that holds the database ${db} is full. What is stored is safe: make room on that disk. Until then requests that would store are refused.`,
        `There is room for the database ${db} again; the platform stores.`,
      ])
      await platform.stop()
      Bun.spawnSync(['sh', '-c', `cat /dev/zero > ${join(disk, 'filler')}`], { stderr: 'ignore' })
      await expect(startPlatform({ db })).rejects.toThrow(
        'is full. What is stored is safe: make room on that disk',
      )
    } finally {
      Bun.spawnSync(['umount', disk])
      rmSync(disk, { recursive: true })
    }
  },
)
