/** The order of the platform's own folders. */
import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

const PLATFORM = join(import.meta.dir, '../../platform')

/** From top to bottom. Files outside the folders wire them together. */
const FOLDERS = ['endpoints', 'work', 'http', 'store', 'contract', 'base']

interface Import {
  readonly from: string
  readonly statement: string
  readonly to: string
}

test('a folder of the platform imports only from itself and those below, besides the type of its services', () => {
  const found = FOLDERS.flatMap((folder) =>
    readdirSync(join(PLATFORM, folder)).flatMap((file) => importsOf(folder, file)),
  )
  expect(found.length).toBeGreaterThan(100)
  expect(found.filter((one) => !isAllowed(one))).toEqual([])
})

function importsOf(folder: string, file: string): readonly Import[] {
  const source = readFileSync(join(PLATFORM, folder, file), 'utf8')
  return [...source.matchAll(/^import (?:[^']*? from )?'(\.[^']+)'/gm)].map(([statement, path = '']) => ({
    from: `${folder}/${file}`,
    statement,
    to: posix.join(folder, path),
  }))
}

function isAllowed({ from, statement, to }: Import): boolean {
  if (to === 'services.ts') return statement.startsWith('import type ')
  const [above, below] = [layerOf(from), layerOf(to)]
  return below >= above
}

/** -1 for a file outside the folders. */
function layerOf(path: string): number {
  return FOLDERS.indexOf(path.split('/')[0] ?? '')
}
