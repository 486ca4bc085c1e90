import { describe, expect, test } from 'bun:test'
import { statSync } from 'node:fs'
import { HOSTS } from '../../../lab/simulation/sim-process.ts'
import { callTool } from '../../../plugin/host/tools/registry.ts'
import { SessionScene } from '../../fixtures/session-scene.ts'

describe('inbox, where no session receives', () => {
  test('lists any number of messages, page after page, from either end', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.another)
    scene.pass(1_000)
    process.call('inbox')
    const ids = Array.from({ length: 170 }, () => scene.first.feed.add().id)
    scene.pass(20_000)
    for (const oldest_first of [true, false]) {
      const found: string[] = []
      for (let after: string | undefined; ; ) {
        const text = process.call('inbox', { oldest_first, ...(after === undefined ? {} : { after }) })
        found.push(...[...text.matchAll(/^- .* activity_id (\S+)$/gm)].map(([, id]) => id ?? ''))
        after = /call again with after (\S+),/.exec(text)?.[1]
        if (after === undefined) break
      }
      expect(found).toEqual(oldest_first ? ids : ids.toReversed())
    }
  })

  test('gives a text of any length: its beginning, and all of it as a file', async () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.another)
    scene.pass(1_000)
    const text = `${'ü'.repeat(60_000)}END`
    const { id } = scene.first.feed.add({ text })
    scene.pass(20_000)
    process.call('inbox')
    // The file is written in real time.
    const { signal } = new AbortController()
    const { text: shown } = await callTool('inbox', { activity_id: id }, process.session, signal)
    expect(shown).toEndWith('… (cut here; all 60003 characters are in whole-text.txt, see above)')
    const path = /- whole-text\.txt: (.*)\n/.exec(shown)?.[1] ?? ''
    expect(path).toStartWith(scene.paths.receivedFiles)
    expect(await Bun.file(path).text()).toBe(text)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })
})
