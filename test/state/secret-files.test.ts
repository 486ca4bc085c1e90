import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { secretByContent, secretByPath } from '../../state/secret-files.ts'

const SECRET = [
  '/home/u/project/.env',
  '/home/u/project/.env.production',
  '/home/u/project/.envrc',
  '/home/u/project/prod.env',
  '/home/u/.ssh/config',
  '/home/u/.ssh/known_hosts',
  '/srv/keys/id_rsa',
  '/srv/keys/id_ed25519',
  '/srv/keys/id_rsa.bak',
  '/srv/keys/id_work',
  '/etc/ssh/ssh_host_ed25519_key',
  '/srv/tls/server.pem',
  '/srv/tls/server.key',
  '/srv/tls/store.p12',
  '/home/u/passwords.kdbx',
  '/home/u/.aws/credentials',
  '/home/u/.gnupg/pubring.kbx',
  '/home/u/.kube/config',
  '/home/u/.docker/config.json',
  '/home/u/.config/gh/hosts.yml',
  '/home/u/.config/gcloud/access_tokens.db',
  '/home/u/.netrc',
  '/home/u/.npmrc',
  '/home/u/.pypirc',
  '/home/u/.pgpass',
  '/home/u/.git-credentials',
  '/home/u/.bash_history',
  '/home/u/.claude/.credentials.json',
  '/home/u/.claude.json',
  '/home/u/.claude/channels/telegram/.env',
  '/home/u/.claude/channels/other/state.db',
  '/home/u/.mozilla/firefox/x.default/key4.db',
  '/home/u/copy/logins.json',
  '/home/u/.config/google-chrome/Default/Cookies',
  '/Users/u/Library/Application Support/Google/Chrome/Default/Login Data',
  '/Users/u/Library/Keychains/login.keychain-db',
  '/home/u/.local/share/keyrings/login.keyring',
  '/srv/terraform/terraform.tfstate',
  '/srv/app/service-account-prod.json',
  '/srv/app/secrets.yaml',
  '/etc/shadow',
  '/proc/self/environ',
  '/proc/1234/environ',
  '/proc/1234/fd/7',
  '/sys/firmware/efi/efivars/x',
  '/dev/mem',
  '/run/secrets/db_password',
]

const FINE = [
  '/home/u/project/report.pdf',
  '/home/u/project/environment.ts',
  '/home/u/project/id_rsa.pub',
  '/home/u/project/id_card.png',
  '/home/u/project/monkey.jpg',
  '/home/u/project/keys.md',
  '/home/u/project/credentials.md',
  '/home/u/.claude/plans/plan.md',
  '/home/u/proc/notes.txt',
  '/home/u/dev/site/index.html',
  '/home/u/project/ssh/README.md',
]

describe('a secret by its place', () => {
  test.each(SECRET)('is %s', (path) => {
    expect(secretByPath(path)).toBeString()
  })

  test.each(FINE)('is not %s', (path) => {
    expect(secretByPath(path)).toBeUndefined()
  })

  test('stays one in any mixture of capitals', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SECRET), fc.infiniteStream(fc.boolean()), (path, capitals) => {
        const mixed = [...path]
          .map((letter) => (capitals.next().value ? letter.toUpperCase() : letter))
          .join('')
        expect(secretByPath(mixed)).toBeString()
      }),
    )
  })

  test('stays one wherever a folder of secrets lies, and however deep below it', () => {
    const part = fc.stringMatching(/^[a-z]{1,8}$/)
    fc.assert(
      fc.property(fc.array(part), fc.array(part, { minLength: 1 }), (above, below) => {
        const path = (folder: string) => `/${[...above, folder, ...below].join('/')}`
        expect(secretByPath(path('.ssh'))).toBeString()
        expect(secretByPath(path('.config/gh'))).toBeString()
        expect(secretByPath(path('not.ssh'))).toBeUndefined()
      }),
    )
  })
})

describe('a secret by its content', () => {
  test.each(['', 'RSA ', 'EC ', 'OPENSSH ', 'ENCRYPTED ', 'DSA '])(
    'is a file that begins as a %sprivate key',
    (kind) => {
      expect(secretByContent(Buffer.from(`\n-----BEGIN ${kind}PRIVATE KEY-----\nMII`))).toBe(
        'is a private key',
      )
    },
  )

  test('is the private key of PGP, and no public one', () => {
    expect(secretByContent(Buffer.from('-----BEGIN PGP PRIVATE KEY BLOCK-----'))).toBeString()
    expect(secretByContent(Buffer.from('-----BEGIN PGP PUBLIC KEY BLOCK-----'))).toBeUndefined()
    expect(secretByContent(Buffer.from('-----BEGIN CERTIFICATE-----'))).toBeUndefined()
    expect(secretByContent(Buffer.from('how to read -----BEGIN PRIVATE KEY-----'))).toBeUndefined()
  })
})
