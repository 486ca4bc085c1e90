import { describe, expect, test } from 'bun:test'
import { remarkOf, type Standby } from '../../../../plugin/host/report/remark.ts'
import { ID_A, ID_B } from '../../../fixtures/config.ts'

const HEARS = { mayHold: true, certain: true, because: 'it does' }
const DEAF = {
  mayHold: false,
  certain: true,
  because: 'this session was started without the channel',
  remedy: 'start one with: claude --x',
}
const HOLDER = { pid: 7, startedAt: 0, project: '/home/\u001b[2Jada' }

const workspace = (more: Partial<Standby> = {}): Standby => ({
  workspaceId: ID_A,
  held: true,
  elsewhere: false,
  standstill: undefined,
  otherSeenAt: undefined,
  holder: undefined,
  ...more,
})
const elsewhere = { held: false, elsewhere: true, holder: HOLDER }

describe('the remark', () => {
  test('is absent while this session receives everything, or is about to', () => {
    expect(remarkOf(HEARS, [workspace(), workspace({ held: false })], 0)).toBeUndefined()
  })

  test('names the workspaces that a process of another state folder receives, too', () => {
    const shared = workspace({ otherSeenAt: 0 })
    expect(remarkOf(HEARS, [shared, workspace({ workspaceId: ID_B })], 0)).toBe(
      `Note: another process, in another state folder or on another machine, also receives the messages of workspace ${ID_A}, and may do the same work. Tell the user to end one of the two sessions.`,
    )
    const both = remarkOf(HEARS, [shared, workspace({ ...elsewhere, workspaceId: ID_B })], 0)
    expect(both?.split('\n').map((line) => line.slice(0, 30))).toEqual([
      'Note: this session can send bu',
      'Note: another process, in anot',
    ])
  })

  test('says why this session does not listen and how to start one that does', () => {
    expect(remarkOf(DEAF, [workspace({ held: false })], 0)).toBe(
      'Note: this session can send but does not receive messages: this session was started without the channel. To receive them here, start one with: claude --x.',
    )
  })

  test('says how many messages wait that no session receives', () => {
    expect(remarkOf(DEAF, [workspace({ held: false })], 1)).toContain(
      'the channel. 1 message waits: call inbox.',
    )
    expect(remarkOf(DEAF, [workspace({ held: false })], 3)).toContain(
      'the channel. 3 messages wait: call inbox.',
    )
  })

  test('says what to do about a session that is stopped', () => {
    const stopped = workspace({ ...elsewhere, standstill: 'plugin' })
    expect(remarkOf(HEARS, [stopped], 0)).toContain(
      'the session with pid 7 (/home/ada) is stopped (Ctrl-Z), so messages wait until fg in its terminal continues it. claim_channel',
    )
    expect(remarkOf(HEARS, [stopped, workspace()], 0)).toContain(`so messages for ${ID_A} wait until fg`)
  })

  test('names who receives, without terminal controls', () => {
    expect(remarkOf(DEAF, [workspace(elsewhere)], 0)).toContain(
      'without the channel. The session with pid 7 (/home/ada) receives. To receive',
    )
    expect(remarkOf(HEARS, [workspace(elsewhere)], 0)).toBe(
      'Note: this session can send but does not receive messages: the session with pid 7 (/home/ada) receives. claim_channel moves them here.',
    )
    expect(remarkOf(HEARS, [workspace({ ...elsewhere, holder: undefined })], 0)).toContain(
      'another session receives',
    )
  })

  test('says for which workspaces, unless it is all of them', () => {
    const remark = remarkOf(HEARS, [workspace(), workspace({ workspaceId: ID_B, ...elsewhere })], 0)
    expect(remark).toContain('does not receive all messages')
    expect(remark).toContain(`receives for ${ID_B}. `)
  })

  test('stays short with any number of workspaces and sessions', () => {
    const many = Array.from({ length: 100 }, (_, pid) =>
      workspace({ ...elsewhere, workspaceId: `w${pid}`, holder: { ...HOLDER, pid: pid % 50 } }),
    )
    expect(remarkOf(HEARS, many, 0)?.length).toBeLessThan(500)
    expect(remarkOf(HEARS, many, 0)).toContain('47 more sessions receive.')
    expect(remarkOf(HEARS, many.slice(0, 4), 0)).toContain('1 more session receives.')
  })
})
