/** Whether this Bun can run the plugin. Like all of `plugin/start/`, it must be readable for any Bun: no packages, no new syntax. */

/** What was found: the version, and the path of the program. */
export interface FoundBun {
  readonly version: string
  readonly path: string
}

/**
 * @param range `engines.bun` of package.json: `>=` and a version.
 * @returns what to tell the user when the Bun is too old; undefined when it will do.
 */
export function unmetRequirement(range: string, found: FoundBun): string | undefined {
  const needed = range.replace(/^>=/, '')
  if (!isOlder(found.version, needed)) return undefined
  return (
    `The Molecule channel needs Bun ${needed} or newer, but was started with Bun ${found.version} (${found.path}): ` +
    'run `bun upgrade` (or `npm i -g bun@latest`), then start Claude Code again.'
  )
}

/** By number, without what follows the third one: a canary counts as its release. */
function isOlder(version: string, than: string): boolean {
  const ours = numbers(version)
  const theirs = numbers(than)
  const index = theirs.findIndex((part, at) => part !== ours[at])
  return index !== -1 && (ours[index] ?? 0) < (theirs[index] ?? 0)
}

function numbers(version: string): readonly number[] {
  return (version.match(/\d+/g) ?? []).slice(0, 3).map(Number)
}
