/** A copy of the sources that can be broken, with all that the simulation and the tests of the wiring need. */
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dir, '../..')
const PARTS = [
  'base',
  'member',
  'platform',
  'plugin',
  'runner',
  'hooks',
  'lab/driver',
  'lab/judge',
  'lab/simulation',
  'test/fixtures',
  'test/base',
  'test/member',
  'test/plugin',
  'test/runner',
  'heartbeat.ts',
  'lab/dice.ts',
  'platform-urls.ts',
  'poll.ts',
  'package.json',
  'tsconfig.json',
]

export interface SourceCopy extends Disposable {
  readonly folder: string
}

export function copySources(): SourceCopy {
  const folder = mkdtempSync(join(tmpdir(), 'molecule-mutation-'))
  for (const part of PARTS) cpSync(join(ROOT, part), join(folder, part), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}
