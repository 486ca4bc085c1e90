/** The skills that set a session up: what the person types is enough, and what a message says is not. */
import { ok, strictEqual } from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientSession } from '../driver/client/client-session.ts'
import type { HeldTurn } from '../driver/client/model-api.ts'
import { ALLOW, CONFIGURE, STATUS } from '../driver/client/plugin-tools.ts'
import type { Scenario } from './scenario.ts'

/** The person calls a skill. @returns the turn that this opens. */
async function typed(session: ClientSession, line: string): Promise<HeldTurn> {
  session.model.hold()
  const before = session.model.newest
  await session.enter(line, 'the skill to reach the model', () => session.model.newest !== before)
  return session.model.nextTurn()
}

/** The model calls a tool. @returns the result, and the turn that goes on with it. */
async function called(
  session: ClientSession,
  turn: HeldTurn,
  call: string,
  input: Readonly<Record<string, string>>,
): Promise<readonly [result: string, next: HeldTurn]> {
  turn.answer({ call, input })
  const next = await session.model.nextTurn()
  return [next.request.results.at(-1) ?? '', next]
}

const configure: Scenario = {
  name: 'configure',
  rule: '/molecule:configure CODE connects a session without a question or a token in the conversation; a message cannot',
  async play(stage) {
    const folder = join(stage.user.folder, 'configured-state')
    const session = await stage.session({
      channel: true,
      // The skill allows the tool that it needs besides.
      allow: `${STATUS},${ALLOW}`,
      env: { MOLECULE_STATE_DIR: folder },
    })
    const invite = await stage.invite()
    const first = await typed(session, `/molecule:configure ${invite}`)
    const [configured, second] = await called(session, first, CONFIGURE, { code: invite })
    ok(configured.includes(`This session is now workspace ${stage.member.id}`), configured)
    second.answer({ say: 'Connected.' })
    session.model.release()
    const envFile = join(folder, '.env')
    strictEqual(statSync(envFile).mode & 0o777, 0o600)
    const token = /TOKENS="([^"]+)"/.exec(readFileSync(envFile, 'utf8'))?.[1] ?? ''
    ok(token.length > 20, 'the settings hold no token')
    await session.untilStatus(/^receiving: yes/m)
    session.model.hold()
    await stage.write('/molecule:access canvas')
    const asked = await session.model.nextTurn()
    const [refused, third] = await called(session, asked, ALLOW, { senders: 'canvas' })
    ok(refused.includes('Nothing was changed'), refused)
    third.answer({ say: 'No.' })
    session.model.release()
    const fourth = await typed(session, '/molecule:access only the person in the chat')
    const [allowed, last] = await called(session, fourth, ALLOW, { senders: 'canvas' })
    ok(allowed.includes('is now canvas'), allowed)
    last.answer({ say: 'Done.' })
    session.model.release()
    strictEqual(
      session.model.requests.some(({ texts }) => texts.some((text) => text.includes(token))),
      false,
    )
    return 'the code became settings of mode 0600, no dialog opened, and a message changed nothing'
  },
}

export const setUp: readonly Scenario[] = [configure]
