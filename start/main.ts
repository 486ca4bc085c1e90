/**
 * What the host starts. An old Bun may not even read the bundle, so the version is checked here, before anything of the
 * bundle is loaded.
 */
import { engines, version } from '../package.json'
import { explain } from './explainer.ts'
import { unmetRequirement } from './requirement.ts'

const problem = unmetRequirement(engines.bun, { version: Bun.version, path: process.execPath })
if (problem === undefined) await import(new URL('../dist/server.js', import.meta.url).href)
else explain({ problem, version })
