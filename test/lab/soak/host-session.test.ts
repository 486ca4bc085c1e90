import { expect, test } from 'bun:test'
import { liveWorkspacesIn } from '../../../lab/soak/host-session.ts'
import { describeWorkspace } from '../../../plugin/host/report/workspace-report.ts'
import { NOW, workspaceView } from '../../fixtures/workspace-view.ts'

test('only workspaces held here with an event stream that brings events count as live', () => {
  const live = workspaceView()
  const polling = workspaceView({ stream: 'silent' })
  const elsewhere = workspaceView({ held: false, elsewhere: true, stream: 'live' })
  const count = (...views: readonly (typeof live)[]): number =>
    liveWorkspacesIn(JSON.stringify(views.flatMap((view) => describeWorkspace(view, NOW)).join('\n')))
  expect(count(live)).toBe(1)
  expect(count(polling)).toBe(0)
  expect(count(elsewhere)).toBe(0)
  expect(count(polling, live, elsewhere, live)).toBe(2)
})
