/**
 * Runs the tests with marked secrets, then searches all output and all files they left for the mark. Fails when a
 * secret is anywhere but in its place. Arguments choose tests, as for `bun test`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { searchFolder } from './secret-search.ts'

/** The files that may hold a secret, and why. */
const ALLOWED: readonly { readonly place: RegExp; readonly because: string }[] = [
  { place: /\/\.env$/, because: 'holds the user’s settings, the token among them' },
  { place: /\/issued-secrets\.json$/, because: 'keeps what a platform issues only once' },
  { place: /\/platform\.db-operator$/, because: 'lets the programs of this user act as the operator' },
  { place: /\/token\.txt$/, because: 'is where the user asked for a token' },
]

const root = mkdtempSync(join(tmpdir(), 'molecule-secrets-'))
const temporary = join(root, 'tmp')
mkdirSync(temporary)
// Twelve bytes make exactly sixteen characters.
const mark = Buffer.from(crypto.getRandomValues(new Uint8Array(12))).toString('base64url')

const tests = Bun.spawnSync(
  [process.execPath, 'test', '--parallel=2', '--timeout=300000', ...process.argv.slice(2)],
  { env: { ...process.env, TMPDIR: temporary, MOLECULE_SECRET_MARK: mark }, stdout: 'pipe', stderr: 'pipe' },
)
writeFileSync(join(root, 'stdout'), tests.stdout)
writeFileSync(join(root, 'stderr'), tests.stderr)

const findings = searchFolder(root, [mark])
const because = (path: string): string | undefined => ALLOWED.find(({ place }) => place.test(path))?.because
const leaks = findings.filter(({ path }) => because(path) === undefined)

console.log(tests.stderr.toString().trim().split('\n').slice(-5).join('\n'))
console.log(`\nfiles that hold secrets as they should: ${findings.length - leaks.length}`)
for (const { path, at } of leaks) console.log(`LEAKED: a secret in ${relative(root, path)}, byte ${at}`)
if (!tests.success) console.log('The tests failed; run them alone with `./molecule test`.')
// Without a single finding the mark was not in use, and finding no leak proves nothing.
if (findings.length === leaks.length) console.log('No file holds a secret as it should: nothing was checked.')

const passed = tests.success && leaks.length === 0 && findings.length > 0
if (passed) rmSync(root, { recursive: true })
else console.log(`Everything is kept in ${root}, the tests' secrets included.`)
process.exit(passed ? 0 : 1)
