// @bun
/** Whether this Bun can run the plugin. Any Bun must be able to read `plugin/start/`: no packages, no new syntax. */

/**
 * @typedef {{ readonly version: string, readonly path: string }} FoundBun the version, and the path of the program
 */

/**
 * @param {string} range `engines.bun` of package.json: `>=` and a version.
 * @param {FoundBun} found
 * @returns {string | undefined} what to tell the user when the Bun is too old; undefined when it will do.
 */
export function unmetRequirement(range, found) {
  const needed = range.replace(/^>=/, '')
  if (!isOlder(found.version, needed)) return undefined
  return (
    `The Molecule channel needs Bun ${needed} or newer, but was started with Bun ${found.version} (${found.path}): ` +
    'run `bun upgrade` (or `npm i -g bun@latest`), then start Claude Code again.'
  )
}

/**
 * By number, without what follows the third one: a canary counts as its release.
 *
 * @param {string} version
 * @param {string} than
 */
function isOlder(version, than) {
  const ours = numbers(version)
  const theirs = numbers(than)
  const index = theirs.findIndex((part, at) => part !== ours[at])
  return index !== -1 && (ours[index] ?? 0) < (theirs[index] ?? 0)
}

/** @param {string} version */
function numbers(version) {
  return (version.match(/\d+/g) ?? []).slice(0, 3).map(Number)
}
