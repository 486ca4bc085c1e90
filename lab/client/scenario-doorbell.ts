/** Messages without the channel: the client is rung, and the model reads. */
import { match, ok, strictEqual } from 'node:assert/strict'
import { bellsIn } from '../driver/client/model-request.ts'
import { assertShown, type Scenario } from './scenario.ts'

/** Without the channel, and with all that closes channels. */
const PLAIN = { channel: false } as const
const TELEMETRY_OFF = { DISABLE_TELEMETRY: '1' } as const

const idle: Scenario = {
  name: 'bell-idle',
  rule: 'after /molecule:receive, a message begins a turn in an idle session, is read once, and is answered',
  async play(stage) {
    const session = await stage.session({ ...PLAIN, env: { ...stage.env, ...TELEMETRY_OFF } })
    match(await session.receive(), /^This session receives for workspace /)
    await stage.write('one')
    await session.untilShown('one')
    await stage.untilState('confirmed', 'one')
    await stage.write('two')
    await session.untilShown('two')
    await stage.untilState('confirmed', 'two')
    assertShown(session, 'one', 'two')
    const { newest } = session.model
    ok(newest !== undefined)
    strictEqual(bellsIn(newest).length, 2)
    return 'two messages, two bells; both confirmed when the turn had ended'
  },
}

export const doorbell: readonly Scenario[] = [idle]
