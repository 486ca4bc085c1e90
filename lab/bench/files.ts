/** A large file each way, and the peak memory of the process: it never holds a whole file. */
import { writeFileSync } from 'node:fs'
import { peakBytes, residentBytes } from '../driver/process-figures.ts'
import type { Scene } from '../driver/scene.ts'
import { until } from '../driver/until.ts'
import { mebibytes, milliseconds } from '../statistics.ts'
import { elapsedMs } from '../stopwatch.ts'
import { type Line, notKnown } from './line.ts'

const FILE_BYTES = 20 * 1024 * 1024
const MAX_BYTES = 120 * 1024 * 1024
const SUBJECT = 'a file of 20 MB'

export async function measureFiles(scene: Scene): Promise<readonly Line[]> {
  const member = scene.member()
  const plugin = scene.process(scene.settings(member))
  await plugin.connect()
  await plugin.receiving()
  const before = residentBytes(plugin.pid)

  const files = await scene.person.attach(member.id, new File([new Uint8Array(FILE_BYTES)], 'large.bin'))
  const fromIn = elapsedMs()
  await scene.person.write(member.id, 'large', files)
  const event = await until('the message with the file', () => plugin.events[0])
  const inMs = event.at - fromIn
  if (event.meta.attachment_1_path === undefined) throw new Error(event.meta.attachment_1_error ?? 'no file')
  const peakIn = peakBytes(plugin.pid)

  writeFileSync(scene.path('out.bin'), new Uint8Array(FILE_BYTES))
  const fromOut = elapsedMs()
  await plugin.call('send_message_to_user', { message: 'large', attachments: [scene.path('out.bin')] })
  const outMs = elapsedMs() - fromOut
  if ((await scene.person.filesFrom(member.id)).length === 0) throw new Error('the file did not arrive')

  return [
    { what: `${SUBJECT} received: message to event`, measured: milliseconds(inMs), budget: '' },
    { what: `${SUBJECT} sent: the tool call`, measured: milliseconds(outMs), budget: '' },
    peakLine(`${SUBJECT} received: peak memory (RSS)`, peakIn, before),
    peakLine(`${SUBJECT} received and sent: peak memory (RSS)`, peakBytes(plugin.pid), before),
  ]
}

function peakLine(what: string, peak: number | undefined, before: number | undefined): Line {
  if (peak === undefined || before === undefined) return notKnown(what)
  return {
    what,
    measured: `${mebibytes(peak)} (before: ${mebibytes(before)})`,
    budget: `<= ${mebibytes(MAX_BYTES)}`,
    met: peak <= MAX_BYTES,
  }
}
