/**
 * Fails on unused files, exports, types and dependencies, and on exports that only tests use.
 *
 * The first pass starts from every entry. The second starts from those of the product alone; there an export counts as
 * used if its own file uses it, so that a test may reach a part of a file.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { knip } from '../package.json'

const PRODUCT_CONFIG = 'node_modules/.cache/knip-product.json'

function passes(...options: readonly string[]): boolean {
  const command = [process.execPath, 'node_modules/.bin/knip', '--no-config-hints', ...options]
  return Bun.spawnSync(command, { stdio: ['ignore', 'inherit', 'inherit'] }).exitCode === 0
}

mkdirSync('node_modules/.cache', { recursive: true })
writeFileSync(PRODUCT_CONFIG, JSON.stringify({ ...knip, ignoreExportsUsedInFile: true }))
const isClean = passes()
const isProductClean = passes('--production', '--config', PRODUCT_CONFIG)
process.exit(isClean && isProductClean ? 0 : 1)
