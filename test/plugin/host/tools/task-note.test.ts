import { expect, test } from 'bun:test'
import { openLedger } from '../../../../lab/driver/ledger.ts'
import { SimClock } from '../../../../lab/simulation/sim-clock.ts'
import { TaskNote } from '../../../../plugin/host/tools/task-note.ts'
import { diskWith } from '../../../fixtures/disk.ts'
import { OWN_ID, PEER_ID } from '../../../fixtures/lying-platform.ts'

const TASK = { id: 'task-1', workspaceId: OWN_ID, peerId: PEER_ID, task: 'build it', watched: false }

test('the end of a wait is recorded after its begin, however long another process writes', async () => {
  for (let busyMs = 0; busyMs < 400; busyMs += 7) {
    const clock = new SimClock()
    let isBusy = false
    const disk = diskWith((db) => ({
      query: (sql) => {
        if (isBusy && sql.startsWith('UPDATE')) throw Object.assign(new Error(), { code: 'SQLITE_BUSY' })
        return db.query(sql)
      },
    }))
    const ledger = openLedger(':memory:', { disk })
    ledger.delegations.add(TASK, clock.now())
    const note = new TaskNote(ledger.delegations, clock, TASK, () => {})
    isBusy = true
    note.await(clock.now() + 60_000)
    await clock.advance(busyMs)
    note.await(0)
    await clock.advance(1)
    isBusy = false
    await clock.advance(1_000)
    expect([busyMs, ledger.delegations.anyAwaited([OWN_ID], clock.now())]).toEqual([busyMs, false])
    ledger.close()
  }
})
