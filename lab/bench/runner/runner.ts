/** Starts a runner whose figures are taken. */
import { ConnectProcess } from '../../driver/connect-process.ts'
import type { Member, Scene } from '../../driver/scene.ts'

/** @param words of the command line that choose the backend. */
export function startRunner(
  scene: Scene,
  members: Member | readonly Member[],
  words: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<ConnectProcess> {
  const name = `runner-${crypto.randomUUID()}`
  return ConnectProcess.start(words, { env: scene.settings(members, settings, name), cwd: scene.folder })
}
