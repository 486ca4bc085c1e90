/**
 * What the host starts. An old Bun may not even read the bundle, so the version is checked here, before anything of the
 * bundle is loaded. A bundle that fails all the same is explained, too, rather than leaving a failed server and no reason.
 */
import { engines, version } from '../../package.json'
import { explain } from './explainer.ts'
import { unmetRequirement } from './requirement.ts'

const MAX_REASON_CHARS = 300

function failedToLoad(error: unknown): string {
  const [reason = ''] = String(error).split('\n')
  return (
    `The Molecule channel could not start (${reason.slice(0, MAX_REASON_CHARS)}): if its files are damaged or incomplete, ` +
    'install it again with `claude plugin install molecule@molecule-channel`; then start Claude Code again.'
  )
}

async function load(): Promise<string | undefined> {
  try {
    await import(new URL('../../dist/server.js', import.meta.url).href)
    return undefined
  } catch (error) {
    return failedToLoad(error)
  }
}

const unmet = unmetRequirement(engines.bun, { version: Bun.version, path: process.execPath })
const problem = unmet === undefined ? await load() : unmet
if (problem !== undefined) explain({ problem, version })
