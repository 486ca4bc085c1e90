/** Draws the pictures of the web chat for the README, in the system's Chromium: `bun lab/demo/chat-pictures.ts [FOLDER]`. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ChatScene, type Look, lookLike } from '../driver/chat-scene.ts'
import { tellStory } from './chat-story.ts'

const folder = process.argv[2] ?? 'docs'

await using scene = await ChatScene.open({ committedBundle: true })
mkdirSync(folder, { recursive: true })
await tellStory(scene)
const page = await scene.open()
const open = (name: string) => page.getByRole('navigation').getByTitle(name, { exact: true }).click()
const shoot = async (name: string, look: Look): Promise<void> => {
  await lookLike(page, look)
  await page.evaluate('document.activeElement.blur()')
  await page.screenshot({ path: join(folder, `${name}.png`) })
  console.log(join(folder, `${name}.png`))
}

await open('lead')
await page.getByRole('button', { name: 'Allow Bash for lead' }).waitFor()
await page.getByRole('article').waitFor()
await shoot('chat-light', { tall: true })
await shoot('chat-phone', { phone: true })
await lookLike(page, {})
await open('Team timeline')
await page.getByText('Tasks between agents').click()
await shoot('chat-dark', { scheme: 'dark' })
