import { expect, test } from 'bun:test'
import { appendFileSync, readFileSync } from 'node:fs'
import { temporaryFolder } from '../../lab/driver/temporary-folder.ts'
import { readInbound } from '../../member/client/inbound.ts'
import type { StoredMessage } from '../../member/ledger/ledger.ts'
import { recordResult, resultsFile } from '../../runner/delegation-results.ts'
import { MESSAGE } from '../fixtures/entries.ts'
import { WORKSPACE } from '../fixtures/workspace.ts'

/** The outcome of a task, as the ledger gives it. */
function outcome(delegationId: string, attempts = 0) {
  const content = JSON.stringify({ ...MESSAGE, kind: 'delegation_result', delegationId })
  const message = readInbound(content)
  if (message === undefined) throw new Error('not a message')
  const stored: StoredMessage = {
    ord: 1,
    workspaceId: WORKSPACE,
    activityId: `delegation-${delegationId}`,
    createdAt: '2026-07-01T10:00:00Z',
    peerId: null,
    content,
    state: 'received',
    attempts,
    delegationId,
  }
  return [stored, message] as const
}

function idsIn(folder: string): readonly unknown[] {
  const lines = readFileSync(resultsFile(folder), 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => {
    try {
      return JSON.parse(line).delegation_id
    } catch {
      return 'broken'
    }
  })
}

test('an outcome that is given again after a crash has one line, whatever was written in between', () => {
  using folder = temporaryFolder()
  recordResult(folder.path, ...outcome('one'))
  recordResult(folder.path, ...outcome('two'))
  recordResult(folder.path, ...outcome('one', 1))
  recordResult(folder.path, ...outcome('three', 1))
  expect(idsIn(folder.path)).toEqual(['one', 'two', 'three'])
})

test('a line that was broken off is no part of the next one, and its outcome is written again', () => {
  using folder = temporaryFolder()
  recordResult(folder.path, ...outcome('one'))
  appendFileSync(resultsFile(folder.path), '{"delegation_id":"two","response_preview":"{}')
  recordResult(folder.path, ...outcome('two', 1))
  expect(idsIn(folder.path)).toEqual(['one', 'broken', 'two'])
})
