import { expect, test } from 'bun:test'
import { readFileSync, statSync } from 'node:fs'
import { systemClock } from '../../base/clock.ts'
import { systemDisk } from '../../base/sqlite.ts'
import { Chat } from '../../lab/driver/chat.ts'
import { until } from '../../lab/driver/until.ts'
import { Log } from '../../member/folder/log.ts'
import { statePaths } from '../../member/folder/state-folder.ts'
import { withNewLedger } from '../../runner/command/opened-ledger.ts'
import { RunnerScene } from '../fixtures/runner-scene.ts'

/** A task that the served workspace gives to its peer, and that ends. */
async function task(scene: RunnerScene, status: string, text: string): Promise<string> {
  const post = (path: string, body: object) =>
    fetch(`${scene.platform.url}/workspaces/${scene.member.id}${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${scene.member.token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
  const id = crypto.randomUUID()
  await post('/delegations/record', { target_id: scene.peer.id, task: 'count the files', delegation_id: id })
  const ended = await post(`/delegations/${id}/update`, { status, error: text, response_preview: text })
  expect(ended.ok).toBe(true)
  return id
}

/** Writes the tasks into the ledger of the state folder. */
function remember(scene: RunnerScene, ids: readonly string[]): Promise<void> {
  const paths = statePaths(scene.path('state'))
  const log = new Log({ clock: systemClock, write: () => {} })
  const holder = { pid: process.pid, startedAt: systemClock.now(), project: 'a test' }
  return withNewLedger({ paths, disk: systemDisk, clock: systemClock, holder, log }, (ledger) => {
    for (const id of ids) {
      const task = { id, workspaceId: scene.member.id, peerId: scene.peer.id, task: 'count', watched: true }
      ledger.delegations.add(task, systemClock.now())
    }
  })
}

test('outcomes of own tasks are written down, told to the backend without a word of the peer, and failures to the person', async () => {
  await using scene = await RunnerScene.open()
  const ids = [await task(scene, 'completed', 'twelve files'), await task(scene, 'failed', 'no disk')]
  // A session that shared the state folder gave them, and is gone.
  await remember(scene, ids)
  const runner = scene.start(['--backend', 'exec', '--backend-opt', 'cmd=cat; echo; echo "$MOLECULE_KIND"'])
  const told = await until('a report to the parent', async () =>
    (await scene.answers(1)).find((text) => text.includes('over:')),
  )
  for (const id of ids) expect(told).toContain(id)
  expect(told).toContain(`Their results are in ${scene.path('state', 'delegation-results.jsonl')}`)
  expect(told).toContain('Your answer goes to "lead": report to them.')
  expect(told).toEndWith('delegation_result')
  expect(told).not.toContain('twelve files')
  const file = scene.path('state', 'delegation-results.jsonl')
  const lines = await until('both outcomes', () => {
    const read = readFileSync(file, 'utf8').trim().split('\n')
    return read.length === 2 ? read.map((line): unknown => JSON.parse(line)) : undefined
  })
  // Both are learned of at once, in no order.
  expect(lines).toContainEqual(
    expect.objectContaining({
      delegation_id: ids[0],
      source_id: scene.member.id,
      status: 'completed',
      error: null,
    }),
  )
  expect(lines).toContainEqual(
    expect.objectContaining({ delegation_id: ids[1], status: 'failed', error: 'no disk' }),
  )
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const chat = new Chat(scene.platform.url, scene.platform.adminToken)
  await until('a word to the person', async () =>
    (await chat.read(scene.member.id)).some(
      (text) => text === `The task ${ids[1]} for ${scene.peer.id} is failed.`,
    ),
  )
  runner.stop('SIGTERM')
  await runner.exit
}, 300_000)
