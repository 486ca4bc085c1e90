/** What a person is told about a session that will not show messages: on its screen, and by `doctor`. */
import { deepStrictEqual, doesNotMatch, match } from 'node:assert/strict'
import { mkdirSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { PLUGIN_ROOT } from '../driver/plugin-command.ts'
import { until } from '../driver/until.ts'
import type { Scenario } from './scenario.ts'
import type { Stage } from './stage.ts'

/** Long enough for a hook that has something to say. */
const START_MS = 20_000

const startNotice: Scenario = {
  name: 'start-notice',
  rule: 'a session that is not configured, not heard or without Bun says so on the screen when it starts; one that receives says nothing',
  async play(stage) {
    const empty = join(stage.user.folder, 'start-notice-empty')
    mkdirSync(empty)
    const ringing = { ...stage.env, MOLECULE_CHANNEL: 'doorbell' }
    for (const options of [{ channel: true }, { channel: false, env: ringing }]) {
      const receiving = await stage.session(options)
      const log = (): string => receiving.debugLog()
      await until(
        'the hook to be over',
        () => /session-start\.sh.* finished with status 0/.test(log()),
        START_MS,
      )
      doesNotMatch(log(), /"systemMessage":"Molecule channel:/)
      await receiving.untilStatus(/^receiving: yes/m)
      await receiving.leave()
    }

    const unheard = await stage.session({ channel: false })
    await unheard.sees('Molecule channel: this session does not receive messages', START_MS)
    if (!unheard.shows('type /molecule:receive')) throw new Error('it does not say how to receive here')
    await unheard.leave()

    const unconfigured = await stage.session({ channel: false, env: { MOLECULE_STATE_DIR: empty } })
    await unconfigured.sees('no workspace is configured: run /molecule:configure', START_MS)

    const PATH = '/usr/bin:/bin'
    if (Bun.which('bun', { PATH }) !== null) return 'two sessions did; a Bun in /usr/bin hides the third'
    const withoutBun = await stage.session({ channel: false, isAlone: true, env: { ...stage.env, PATH } })
    await withoutBun.sees('Claude Code finds no bun on its PATH: run npm i -g bun', START_MS)
    return 'three sessions said why on the screen, and the two that receive said nothing'
  },
}

const reportSchema = z.object({
  checks: z.array(z.object({ name: z.string(), verdict: z.string(), says: z.string().optional() })),
})

const doctor: Scenario = {
  name: 'doctor',
  rule: 'doctor finds the client and the plugin as the client has installed it; of a clone that has moved, of which the client says nothing, it tells',
  async play(stage) {
    const { user } = stage
    const clone = join(user.folder, 'clone')
    const well = await examine(stage)
    deepStrictEqual(
      well.filter(({ verdict }) => verdict === 'fail'),
      [],
    )
    renameSync(clone, `${clone}-elsewhere`)
    try {
      const [moved] = (await examine(stage)).filter(({ verdict }) => verdict === 'fail')
      match(`${moved?.name}: ${moved?.says}`, /^plugin: .* is gone: the clone has moved$/)
    } finally {
      renameSync(`${clone}-elsewhere`, clone)
    }
    return 'nothing failed where all was in order; then the moved clone alone'
  },
}

async function examine({ user, env }: Stage): Promise<z.infer<typeof reportSchema>['checks']> {
  const { PATH = '', ...rest } = user.environment(env)
  const child = Bun.spawn([process.execPath, join(PLUGIN_ROOT, 'plugin', 'doctor', 'main.ts'), '--json'], {
    cwd: user.project,
    env: { ...rest, PATH: `${dirname(user.client)}:${PATH}` },
    stdout: 'pipe',
  })
  return reportSchema.parse(JSON.parse(await child.stdout.text())).checks
}

export const starts: readonly Scenario[] = [startNotice, doctor]
