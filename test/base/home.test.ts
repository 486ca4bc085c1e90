import { expect, test } from 'bun:test'

const isRoot = process.getuid?.() === 0

/** What another process takes for its home folder. */
function homeIn(environment: Readonly<Record<string, string>>, before = ''): string {
  const home = `import { homeFolder } from '${import.meta.dir}/../../base/home.ts'`
  const code = `${home}; ${before}; console.log(String(homeFolder()))`
  const { stdout } = Bun.spawnSync([process.execPath, '--no-env-file', '-e', code], { env: environment })
  return stdout.toString().trim()
}

test('only an absolute HOME is the home folder', () => {
  expect(homeIn({ HOME: '/home/somebody' })).toBe('/home/somebody')
  for (const HOME of ['home', ' ', '~']) expect(homeIn({ HOME })).toBe('undefined')
})

test.skipIf(!isRoot)('a user without an entry and without HOME has no home folder, which is no error', () => {
  expect(homeIn({}, 'process.seteuid(54321)')).toBe('undefined')
})
