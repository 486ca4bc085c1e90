import { expect, test } from 'bun:test'
import { until } from '../../../lab/driver/until.ts'
import { stoppedOf } from '../../../member/folder/stopped-process.ts'

/** A shell, and a process below it. */
async function startFamily() {
  const shell = Bun.spawn(['sh', '-c', 'sleep 60 & echo $!; wait'], { stdout: 'pipe' })
  const { value } = await shell.stdout.getReader().read()
  return { host: shell.pid, plugin: Number(new TextDecoder().decode(value)) }
}

test('a process counts as stopped while it or its parent is, and the answer says which', async () => {
  const { host, plugin } = await startFamily()
  try {
    expect(stoppedOf(plugin)).toBeUndefined()
    process.kill(host, 'SIGSTOP')
    await until('the host to stop', () => stoppedOf(plugin) === 'host')
    process.kill(plugin, 'SIGSTOP')
    await until('the process to stop', () => stoppedOf(plugin) === 'plugin')
    for (const pid of [host, plugin]) process.kill(pid, 'SIGCONT')
    await until('both to run', () => stoppedOf(plugin) === undefined)
  } finally {
    for (const pid of [plugin, host]) process.kill(pid, 'SIGKILL')
  }
})

test('nothing is known about a process that does not exist', () => {
  expect(stoppedOf(0x7fff_fff0)).toBeUndefined()
})
