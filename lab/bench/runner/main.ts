/** `./molecule bench:runner`: measures what `molecule connect` costs, each figure beside its budget, as a Markdown table. */
import { Scene } from '../../driver/scene.ts'
import { machine } from '../../machine.ts'
import { type Line, renderTable } from '../line.ts'
import { measureAnswers } from './answers.ts'
import { measureBeats } from './beats.ts'
import { measureMany } from './many.ts'

const lines: Line[] = []
for (const measure of [measureAnswers, measureMany, measureBeats]) {
  await using scene = await Scene.open()
  lines.push(...(await measure(scene)))
}
console.log(`${machine()}\n`)
console.log(renderTable(lines))
