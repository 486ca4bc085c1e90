/**
 * Runs the tests with marked secrets and then searches all that was printed and all files that were left for the mark:
 * a secret outside of the places that are meant to hold it fails. Words behind the command choose tests, as for
 * `bun test`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { searchFolder } from './secret-search.ts'

/** The places that may hold a secret, by the end of their path, and why. */
const ALLOWED: readonly { readonly place: RegExp; readonly because: string }[] = [
  { place: /\/\.env$/, because: 'the settings of the user, of which the token is one' },
  { place: /\/issued-secrets\.json$/, because: 'what a platform issued, kept since it is issued once' },
]

const root = mkdtempSync(join(tmpdir(), 'molecule-secrets-'))
const temporary = join(root, 'tmp')
mkdirSync(temporary)
// Twelve bytes, which are sixteen characters without a rest.
const mark = Buffer.from(crypto.getRandomValues(new Uint8Array(12))).toString('base64url')

const tests = Bun.spawnSync(
  [process.execPath, 'test', '--parallel=2', '--timeout=20000', ...process.argv.slice(2)],
  { env: { ...process.env, TMPDIR: temporary, MOLECULE_SECRET_MARK: mark }, stdout: 'pipe', stderr: 'pipe' },
)
writeFileSync(join(root, 'stdout'), tests.stdout)
writeFileSync(join(root, 'stderr'), tests.stderr)

const findings = searchFolder(root, [mark])
const because = (path: string): string | undefined => ALLOWED.find(({ place }) => place.test(path))?.because
const leaks = findings.filter(({ path }) => because(path) === undefined)

console.log(tests.stderr.toString().trim().split('\n').slice(-5).join('\n'))
console.log(`\nsecrets where they are meant to be: ${findings.length - leaks.length} files`)
for (const { path, at } of leaks) console.log(`A SECRET in ${relative(root, path)}, byte ${at}`)
if (!tests.success) console.log('The tests did not pass; see them alone with `./molecule test`.')
// Without any the mark was not used, and that nothing was found says nothing.
if (findings.length === leaks.length)
  console.log('No secret was where it is meant to be: nothing was checked.')

const passed = tests.success && leaks.length === 0 && findings.length > 0
if (passed) rmSync(root, { recursive: true })
else console.log(`All of it is kept in ${root}, with secrets of the tests in it.`)
process.exit(passed ? 0 : 1)
