import { describe, expect, test } from 'bun:test'
import { statSync } from 'node:fs'
import { until } from '../../../lab/driver/until.ts'
import { HOSTS } from '../../../lab/simulation/sim-process.ts'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { callTool } from '../../../plugin/host/tools/registry.ts'
import { begin, reply, TASK } from '../../fixtures/answering-peer.ts'
import { FIRST, PEER, type SceneProcess, SessionScene } from '../../fixtures/session-scene.ts'

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

  test('waits for the ledger, when it cannot be opened at once, as it waits for a message', () => {
    using scene = new SessionScene()
    scene.isFull = true
    const process = scene.start(HOSTS.another)
    scene.pass(1_000)
    const call = process.begin('inbox', { wait_seconds: 30 })
    scene.pass(4_000)
    expect(call.text).toBeUndefined()
    scene.isFull = false
    scene.first.feed.add({ text: 'for whoever asks' })
    scene.until('the message', () => call.text !== undefined, 30_000)
    expect(call.text).toContain('for whoever asks')
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

describe('a text that is too long for a result', () => {
  const LONG = `${'ü'.repeat(60_000)}END`

  test('of a peer that answers at once is cut, and the result says which message of the inbox has all of it', async () => {
    const { scene, process } = begin([reply(LONG)])
    using _ = scene
    for (const [tool, args] of [
      ['reply_to_workspace', { peer_id: PEER, text: 'tell me all' }],
      ['delegate_task', TASK],
    ] as const) {
      const text = process.call(tool, args)
      const [, id] = /has 60003 characters; inbox with activity_id (\S+) has all of them\]$/.exec(text) ?? []
      expect(await wholeText(scene, process, 'inbox', { activity_id: id })).toBe(LONG)
    }
    expect(process.events).toEqual([])
  })

  test('of a task that the platform carried out is a file, too', async () => {
    using scene = new SessionScene()
    const id = 'a5c00000-0000-4000-8000-000000000001'
    const task = { delegation_id: id, source_id: FIRST, status: 'completed', response_preview: 'ü' }
    scene.answer = ({ route, url }) => {
      if (route === 'delegations') return jsonResponse(200, [task])
      if (!url.includes('type=delegation')) return undefined
      return jsonResponse(200, [{ source_id: FIRST, response_body: { delegation_id: id, text: LONG } }])
    }
    const process = scene.start()
    scene.pass(1_000)
    expect(await wholeText(scene, process, 'check_task_status', { task_id: id })).toBe(LONG)
  })
})

/** What the file holds that a result names. */
async function wholeText(scene: SessionScene, { session }: SceneProcess, tool: string, args: object) {
  // The file is written in real time, and requests are answered in simulated time.
  const call = callTool(tool, args, session, new AbortController().signal)
  let text: string | undefined
  void call.then((outcome) => {
    text = outcome.text
  })
  await until('the result', () => {
    scene.pass(100)
    return text !== undefined
  })
  const path = /whole-text\.txt: (\S+\.txt)/.exec(text ?? '')?.[1] ?? ''
  expect(path).toStartWith(scene.paths.receivedFiles)
  return Bun.file(path).text()
}
