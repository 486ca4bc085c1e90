import { setDefaultTimeout, test } from 'bun:test'
import { z } from 'zod'
import { Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(300_000)

const badgeSchema = z.object({
  status: z.string(),
  active_tasks: z.number(),
})

test('the badge turns busy with work, idle without, degraded when requests fail, and online again', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const host = await scene.host(
    scene.settings(member, { MOLECULE_HEARTBEAT_INTERVAL_MS: '1000', MOLECULE_POLL_INTERVAL_MS: '250' }),
  )
  await host.receiving()
  const badge = async () => {
    const response = await fetch(`${scene.platform.url}/workspaces/${member.id}`, {
      headers: { Authorization: `Bearer ${member.token}` },
    })
    return badgeSchema.parse(await response.json())
  }
  const becomes = (what: string, holds: (seen: z.infer<typeof badgeSchema>) => boolean) =>
    until(`the badge to be ${what}`, async () => holds(await badge()))

  await becomes('online and idle', ({ status, active_tasks }) => status === 'online' && active_tasks === 0)
  await scene.person.write(member.id, 'the words of a person')
  const { meta } = await host.event(({ content }) => content === 'the words of a person')
  await becomes('busy', ({ active_tasks }) => active_tasks === 1)
  await host.call('reply_to_workspace', { activity_id: meta.activity_id, text: 'done' })
  await becomes('idle', ({ active_tasks }) => active_tasks === 0)

  const failing = { kind: 'error_500', path: `${member.id}/activity`, times: 0 } as const
  scene.platform.setFaults({ answers: [failing] })
  // The message causes a look, which fails and is repeated.
  await scene.person.write(member.id, 'one that cannot be read yet')
  await becomes('degraded', ({ status }) => status === 'degraded')
  scene.platform.resetFaults()
  await becomes('online again', ({ status }) => status === 'online')
})
