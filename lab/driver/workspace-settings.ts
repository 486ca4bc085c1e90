/** How a program is told which workspaces it is. */
import type { Member } from './scene.ts'

/** The settings that say which workspaces a plugin is, and on which platform. */
export function workspaceSettings(platformUrl: string, members: readonly Member[]): Record<string, string> {
  return {
    MOLECULE_PLATFORM_URL: platformUrl,
    MOLECULE_WORKSPACE_IDS: members.map(({ id }) => id).join(','),
    MOLECULE_WORKSPACE_TOKENS: members.map(({ token }) => token).join(','),
  }
}
