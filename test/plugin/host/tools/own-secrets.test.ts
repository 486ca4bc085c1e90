import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { SecretSearch } from '../../../../base/secret-search.ts'
import { WRITES_PLATFORM } from '../../../../plugin/host/tools/annotations.ts'
import { TOOLS } from '../../../../plugin/host/tools/registry.ts'
import { OWN_ID, PEER_ID, startLyingPlatform, TOKEN } from '../../../fixtures/lying-platform.ts'
import { startBench } from '../../../fixtures/tool-context.ts'

describe('a token of this session in what is to leave', () => {
  test.each(
    TOOLS.filter(({ annotations }) => annotations === WRITES_PLATFORM).map(({ name }) => [name] as const),
  )('%s refuses, sends nothing and records nothing', async (name) => {
    await using platform = startLyingPlatform(() => Response.json({}))
    using bench = startBench([{ platformUrl: platform.url, workspaceId: OWN_ID, token: TOKEN }], {
      ownSecrets: () => new SecretSearch([TOKEN]),
    })
    const texts = ['text', 'message', 'task', 'content', 'title'].map((argument) => [
      argument,
      `as asked: ${TOKEN}`,
    ])
    const known = Object.keys(argumentsOf(name))
    const args = { peer_id: PEER_ID, workspace_id: PEER_ID, ...Object.fromEntries(texts) }
    const fitting = Object.fromEntries(Object.entries(args).filter(([argument]) => known.includes(argument)))
    const { isError, text } = await bench.call(name, fitting)
    expect([isError, text.startsWith('Nothing was sent: the text holds a token')]).toEqual([true, true])
    expect(text).not.toContain(TOKEN)
    expect(platform.seen).toEqual([])
    expect(bench.ledger.delegations.list(OWN_ID, 5)).toEqual([])
  })
})

function argumentsOf(name: string): object {
  const tool = TOOLS.find((one) => one.name === name)
  return tool === undefined ? {} : (z.toJSONSchema(tool.input, { io: 'input' }).properties ?? {})
}
