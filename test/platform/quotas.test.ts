/** What one member may leave with the platform. */
import { expect, test } from 'bun:test'
import { beat, platformWithTeam, register } from './platform.ts'

test('what stands in lists that everybody reads is bounded: cards and memories', async () => {
  await using fixture = await platformWithTeam()
  const { client, builder } = fixture
  const [small, large] = ['x'.repeat(200_000), 'x'.repeat(300_000)]
  const card = (description: string) => ({ delivery_mode: 'poll', agent_card: { description } })
  const memory = (content: string) =>
    client.call('POST', `/workspaces/${builder.id}/memories`, {
      token: builder.token,
      body: { content, scope: 'TEAM' },
    })
  const answers = [
    await register(fixture, builder, card(small)),
    await register(fixture, builder, card(large)),
    await beat(fixture, builder, { agent_card: { description: large } }),
    await memory(small),
    await memory(large),
  ]
  expect(answers.map(({ status }) => status)).toEqual([200, 413, 413, 201, 413])
  expect(answers[1]?.json).toEqual({ error: 'request body too large', max_bytes: 262_144 })
})

test('files that wait for one workspace are bounded, and those of another still come', async () => {
  await using fixture = await platformWithTeam()
  const { client, builder, reviewer } = fixture
  const upload = async ({ id, token }: typeof builder): Promise<number> => {
    const raw = new FormData()
    for (let n = 0; n < 50; n++) raw.append('files', new File(['x'], 'a.txt'))
    return (await client.call('POST', `/workspaces/${id}/chat/uploads`, { token, raw })).status
  }
  for (let n = 0; n < 20; n++) expect(await upload(builder)).toBe(200)
  expect([await upload(builder), await upload(reviewer)]).toEqual([507, 200])
})
