/** Files that are uploaded to the workspace, with and without a message that names them. */
import { expect, test } from 'bun:test'
import { timestamp } from '../../../lab/simulation/model-feed.ts'
import { readInbound } from '../../../member/client/inbound.ts'
import { FeedScene } from '../../fixtures/feed-scene.ts'
import { WORKSPACE } from '../../fixtures/workspace.ts'

const FILE = 'f1000000-0000-4000-8000-000000000001'
const PEER = 'bbbbbbbb-0000-4000-8000-000000000002'
const MINUTE_MS = 60_000
const ALONE = '[A file was uploaded to this workspace, and no message came with it.]'

const part = (fileId: string) => ({
  kind: 'file',
  file: { uri: `platform-pending:${WORKSPACE}/${fileId}`, name: 'a.png' },
})

/** Adds a row as it comes over the wire. */
function add(scene: FeedScene, fields: object): void {
  const at = scene.clock.now() * 1000
  scene.feed.poison((id) => ({ id, source_id: null, created_at: timestamp(at), status: 'ok', ...fields }), at)
  scene.hint()
}

function upload(scene: FeedScene, fileId = FILE): void {
  const request_body = { ...part(fileId).file, file_id: fileId, mimeType: 'image/png', size: 3 }
  add(scene, { method: 'chat_upload_receive', request_body })
}

function message(scene: FeedScene, parts: readonly object[], more: object = {}): void {
  const request_body = { jsonrpc: '2.0', params: { message: { role: 'user', parts } } }
  add(scene, { method: 'message/send', request_body, ...more })
}

async function begin(): Promise<FeedScene> {
  const scene = new FeedScene()
  await scene.start()
  return scene
}

async function pass(scene: FeedScene, ms: number): Promise<void> {
  await scene.clock.advance(ms)
  await scene.quiet()
}

test('a file is shown with the message that names it, and never by itself', async () => {
  using scene = await begin()
  upload(scene)
  await pass(scene, 1_000)
  expect(scene.stored()).toEqual([])
  message(scene, [{ kind: 'text', text: 'look' }, part(FILE.toUpperCase())])
  await pass(scene, 3 * MINUTE_MS)
  expect(scene.stored()).toEqual(['look'])
})

test('a file that no message names is shown by itself after a minute, as nobody’s words', async () => {
  using scene = await begin()
  upload(scene)
  message(scene, [{ kind: 'text', text: 'about something else' }])
  await pass(scene, MINUTE_MS - 1_000)
  expect(scene.stored()).toEqual(['about something else'])
  await pass(scene, MINUTE_MS)
  expect(scene.stored()).toEqual([ALONE, 'about something else'])
  const [stored] = scene.ledger.nextBatch([WORKSPACE], 1, 1e6, scene.clock.now())
  expect(readInbound(stored?.content ?? '')).toMatchObject({
    kind: 'canvas_user',
    authenticated: false,
    attachments: [{ uri: part(FILE).file.uri, name: 'a.png', mimeType: 'image/png', size: 3 }],
  })
})

test('the message may be read before the row of its file', async () => {
  using scene = await begin()
  message(scene, [part(FILE)])
  upload(scene)
  await pass(scene, 3 * MINUTE_MS)
  expect(scene.stored()).toEqual([''])
})

test('our own uploads are not shown: neither one that our notice names, nor one that went to a peer', async () => {
  using scene = await begin()
  const other = FILE.replace('f1', 'f2')
  upload(scene)
  upload(scene, other)
  add(scene, { method: 'notify', response_body: { result: 'here you are', parts: [part(FILE)] } })
  scene.ledger.uploads.markOwn([other], scene.clock.now())
  await pass(scene, 3 * MINUTE_MS)
  expect(scene.stored()).toEqual([])
})

test('a file that waited when the session ended is shown by the next one, once', async () => {
  using scene = await begin()
  upload(scene)
  await pass(scene, 1_000)
  await scene.stop()
  await pass(scene, 10 * MINUTE_MS)
  await scene.start()
  expect(scene.stored()).toEqual([ALONE])
})

test('a file named only by somebody who may not write is not shown', async () => {
  using scene = new FeedScene()
  await scene.start({ config: { allowedSenders: ['canvas'] } })
  upload(scene)
  message(scene, [part(FILE)], { source_id: PEER })
  await pass(scene, 3 * MINUTE_MS)
  expect(scene.stored()).toEqual([])
})

test('a clock that is set back does not hold a file for longer', async () => {
  using scene = await begin()
  upload(scene)
  await pass(scene, 1_000)
  expect(scene.ledger.of(WORKSPACE).releaseUploads(scene.clock.now() - 86_400_000)).toBe(1)
})

test('nothing up to a file that waits is acknowledged to the platform', async () => {
  using scene = await begin()
  const seq = (n: number) => ({ seq: n })
  message(scene, [{ kind: 'text', text: 'before' }], seq(7))
  add(scene, {
    method: 'chat_upload_receive',
    request_body: part(FILE).file,
    ...seq(8),
  })
  await pass(scene, 1_000)
  const ledger = scene.ledger.of(WORKSPACE)
  const batch = scene.ledger.nextBatch([WORKSPACE], 9, 1e6, scene.clock.now())
  scene.ledger.markSending(batch)
  scene.ledger.markSent(batch, scene.clock.now())
  expect(ledger.ackableSeq()).toBe(7)
})
