// @bun
/**
 * What the host starts. An old Bun may not even read the bundle, so the version is checked here, before anything of the
 * bundle is loaded. If the bundle still fails, it says why, rather than leaving a failed server without a reason.
 *
 * The build joins this folder into `start.js`, which lies beside the bundle and begins with the mark above: Bun then runs
 * it as it is. Compiling it would cost every session 2 MiB for good.
 */
import { engines, version } from '../../package.json'
import { explain } from './explainer.js'
import { unmetRequirement } from './requirement.js'

const MAX_REASON_CHARS = 300

/** @param {unknown} error */
function failedToLoad(error) {
  const [reason = ''] = String(error).split('\n')
  return (
    `The Molecule channel could not start (${reason.slice(0, MAX_REASON_CHARS)}): if its files are damaged or incomplete, ` +
    'install it again with `claude plugin install molecule@molecule-channel`; then start Claude Code again.'
  )
}

/**
 * @param {string} bundle
 * @returns {Promise<string | undefined>} what to tell the user when the bundle fails.
 */
async function load(bundle) {
  try {
    await import(new URL(bundle, import.meta.url).href)
    return undefined
  } catch (error) {
    return failedToLoad(error)
  }
}

const unmet = unmetRequirement(engines.bun, { version: Bun.version, path: process.execPath })
/** The session-start hook asks only for what the screen should say. */
const isNotice = process.argv.includes('--notice')
const problem = unmet === undefined ? await load(isNotice ? './notice.js' : './server.js') : unmet
if (problem !== undefined && isNotice) console.log(JSON.stringify({ systemMessage: problem }))
else if (problem !== undefined) explain({ problem, version })
