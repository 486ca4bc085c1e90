/** Draws the pictures of the web chat for the README, in a real browser: `bun lab/demo/chat-pictures.ts FOLDER`. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ChatScene, type Look, lookLike } from '../driver/chat-scene.ts'
import { tellStory } from './chat-story.ts'

const folder = process.argv[2] ?? 'docs'

await using scene = await ChatScene.open()
mkdirSync(folder, { recursive: true })
const page = await scene.open()
await tellStory(scene)
const shoot = async (name: string, look: Look): Promise<void> => {
  await lookLike(page, look)
  await page.screenshot({ path: join(folder, `${name}.png`) })
  console.log(`${name}.png`)
}
const open = (name: string) => page.getByRole('navigation').getByTitle(name, { exact: true }).click()
await open('lead')
await shoot('chat-light', {})
await shoot('chat-dark', { scheme: 'dark' })
await open('Team timeline')
await shoot('chat-team', {})
await shoot('chat-phone', { phone: true })
