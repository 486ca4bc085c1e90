/** How late heartbeats come while backends block for a minute: a command that keeps every core busy, and a module that never returns. */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { Gate } from '../../driver/gate.ts'
import { pause } from '../../driver/pause.ts'
import { descendants, end } from '../../driver/processes.ts'
import type { Scene } from '../../driver/scene.ts'
import { until } from '../../driver/until.ts'
import { milliseconds } from '../../statistics.ts'
import { elapsedMs } from '../../stopwatch.ts'
import type { Line } from '../line.ts'
import { startRunner } from './runner.ts'

const BLOCK_MS = 60_000
const INTERVAL_MS = 5_000
const MAX_LATE_MS = 1_000

export async function measureBeats(scene: Scene): Promise<readonly Line[]> {
  const module = scene.path('endless.ts')
  writeFileSync(module, 'export default () => {\n  for (;;) {}\n}\n')
  const loops = cpus().map(() => 'while :; do :; done &')
  const command = `${loops.join(' ')} wait`
  return [
    await blocked(scene, 'a busy loop on every core (exec)', 'exec', `cmd=${command}`),
    await blocked(scene, 'a function that never returns (module)', 'module', `module=${module}`),
  ]
}

async function blocked(scene: Scene, what: string, backend: string, option: string): Promise<Line> {
  const member = scene.member()
  const beats: number[] = []
  await using gate = new Gate(scene.platform.url)
  gate.answer = ({ url }) => {
    if (new URL(url).pathname === '/registry/heartbeat') beats.push(elapsedMs())
    return undefined
  }
  const words = ['--backend', backend, '--backend-opt', option, '--backend-opt', 'timeout=5m']
  await using runner = await startRunner(scene, member, words, {
    MOLECULE_PLATFORM_URL: gate.url,
    MOLECULE_HEARTBEAT_INTERVAL_MS: String(INTERVAL_MS),
  })
  await runner.serving()
  await scene.person.write(member.id, 'work')
  await until('the first heartbeat', () => beats.length > 0)
  await pause(BLOCK_MS)
  // What a runner has started does not end with it when it is killed.
  const blocking = descendants(runner.pid)
  for (const { pid } of blocking) end(pid)
  if (blocking.length === 0) throw new Error('the backend did not block')
  const gaps = beats.slice(1).map((at, index) => at - (beats[index] ?? at))
  const longest = Math.max(...gaps, elapsedMs() - (beats.at(-1) ?? 0))
  return {
    what: `longest time between two heartbeats in ${BLOCK_MS / 1000} s, ${what}`,
    measured: `${milliseconds(longest)} (${beats.length} heartbeats)`,
    budget: `<= ${milliseconds(INTERVAL_MS + MAX_LATE_MS)}`,
    met: longest <= INTERVAL_MS + MAX_LATE_MS,
  }
}
