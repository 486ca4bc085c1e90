/** A large file each way: the most memory the process ever had, since a file is never in it as a whole. */
import { writeFileSync } from 'node:fs'
import type { Scene } from '../driver/scene.ts'
import { until } from '../driver/until.ts'
import { type Line, mebibytes, milliseconds } from './line.ts'
import { peakBytes, residentBytes } from './process-figures.ts'

const FILE_BYTES = 20 * 1024 * 1024
const MOST_BYTES = 120 * 1024 * 1024
const SUBJECT = 'a file of 20 MB'

export async function measureFiles(scene: Scene): Promise<readonly Line[]> {
  const member = scene.member()
  const plugin = scene.process(scene.settings(member))
  await plugin.connect()
  await plugin.receiving()
  const before = residentBytes(plugin.pid)

  const files = await scene.person.attach(member.id, new File([new Uint8Array(FILE_BYTES)], 'large.bin'))
  const fromIn = performance.now()
  await scene.person.write(member.id, 'large', files)
  const event = await until('the message with the file', () => plugin.events[0])
  const inMs = performance.now() - fromIn
  if (event.meta.attachment_1_path === undefined) throw new Error(event.meta.attachment_1_error ?? 'no file')
  const peakIn = peakBytes(plugin.pid)

  writeFileSync(scene.path('out.bin'), new Uint8Array(FILE_BYTES))
  const fromOut = performance.now()
  await plugin.call('send_message_to_user', { message: 'large', attachments: [scene.path('out.bin')] })
  const outMs = performance.now() - fromOut
  if ((await scene.person.filesFrom(member.id)).length === 0) throw new Error('the file did not arrive')

  return [
    { what: `${SUBJECT}, in: message to event`, measured: milliseconds(inMs), budget: '' },
    { what: `${SUBJECT}, out: the tool's call`, measured: milliseconds(outMs), budget: '' },
    peakLine(`${SUBJECT}, in: most memory (RSS) so far`, peakIn, before),
    peakLine(`${SUBJECT}, in and out: most memory (RSS)`, peakBytes(plugin.pid), before),
  ]
}

function peakLine(what: string, peak: number | undefined, before: number | undefined): Line {
  if (peak === undefined || before === undefined) {
    return { what, measured: 'not known on this system', budget: '' }
  }
  return {
    what,
    measured: `${mebibytes(peak)} (before: ${mebibytes(before)})`,
    budget: `<= ${mebibytes(MOST_BYTES)}`,
    met: peak <= MOST_BYTES,
  }
}
