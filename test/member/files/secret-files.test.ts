import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { secretByContent, secretByPath } from '../../../member/files/secret-files.ts'

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
  '/home/u/project/.env.local',
  '/home/u/project/.env.production.local',
  '/home/u/project/.env~',
  '/home/u/project/..env.swp',
  '/home/u/copy/.id_rsa.swp',
  '/home/u/copy/#credentials.json#',
  '/home/u/project/app.env.local',
  '/home/u/project/app.env.bak',
  '/home/u/project/.envrc.old',
  '/home/u/project/.mcp.json',
  '/home/u/project/.claude/settings.json',
  '/home/u/project/.claude/settings.local.json',
  '/home/u/.claude.json.backup',
  '/home/u/.claude/projects/-home-u-project/5f.jsonl',
  '/home/u/.claude/history.jsonl',
  '/home/u/project/.git/config',
  '/home/u/project/.git/modules/lib/config',
  '/home/u/.config/git/credentials',
  '/home/u/.gitcookies',
  '/home/u/.cargo/credentials',
  '/home/u/.cargo/credentials.toml',
  '/home/u/.m2/settings.xml',
  '/home/u/.m2/settings-security.xml',
  '/home/u/.gradle/gradle.properties',
  '/home/u/.codex/auth.json',
  '/home/u/.gemini/oauth_creds.json',
  '/home/u/.cache/huggingface/token',
  '/home/u/.huggingface/token',
  '/home/u/.local/share/fish/fish_history',
  '/home/u/.zsh_history',
  '/home/u/.histfile',
  '/home/u/.python_history',
  '/etc/wireguard/wg0.conf',
  '/home/u/vpn/wg0.conf',
  '/home/u/_netrc',
  '/home/u/.pgpass.bak',
  '/home/u/AppData/Roaming/postgresql/pgpass.conf',
  '/home/u/.azure/msal_token_cache.json',
  '/home/u/.config/gcloud/application_default_credentials.json',
  '/home/u/.op/config',
  '/home/u/.config/op/config',
  '/home/u/.config/rclone/rclone.conf',
  '/home/u/rclone.conf',
  '/home/u/.terraformrc',
  '/home/u/.terraform.d/credentials.tfrc.json',
  '/home/u/infra/prod.tfvars',
  '/home/u/infra/terraform.tfstate.backup',
  '/home/u/.config/sops/age/keys.txt',
  '/home/u/.config/age/identity',
  '/home/u/project/server.pem.bak',
  '/home/u/copy/id_rsa~',
  '/home/u/copy/staging.kubeconfig',
  '/etc/kubernetes/admin.conf',
  '/home/u/snap/firefox/common/.mozilla/firefox/x/cert9.db',
  '/Users/u/Library/Messages/chat.db',
  '/home/u/.config/filezilla/sitemanager.xml',
  '/tmp/krb5cc_1000',
  '/etc/ssh.keytab',
  '/home/u/.cursor/mcp.json',
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
  '/home/u/project/.env.example',
  '/home/u/project/.env.sample',
  '/home/u/project/src/app.env.ts',
  '/home/u/project/vite-env.d.ts',
  '/home/u/project/.gitignore',
  '/home/u/project/.gitattributes',
  '/home/u/project/.github/workflows/ci.yml',
  '/home/u/project/git/config',
  '/home/u/project/.git/HEAD',
  '/home/u/project/.gitlab-ci.yml',
  '/home/u/project/.eslintrc.json',
  '/home/u/project/.vscode/settings.json',
  '/home/u/project/.claude/settings.md',
  '/home/u/project/.claude/skills/release/SKILL.md',
  '/home/u/project/.claude/projects/roadmap.md',
  '/home/u/project/CLAUDE.md',
  '/home/u/project/mcp.json',
  '/home/u/project/package.json',
  '/home/u/project/tsconfig.json',
  '/home/u/project/settings.xml',
  '/home/u/project/gradle.properties',
  '/home/u/project/Cargo.toml',
  '/home/u/project/docker/config.json',
  '/home/u/project/docker-compose.yml',
  '/home/u/project/locales/en/auth.json',
  '/home/u/project/locales/en/token.json',
  '/home/u/project/library/mail/Sender.php',
  '/home/u/project/library/Messages/index.html',
  '/home/u/project/src/credentials.ts',
  '/home/u/project/src/secrets.ts',
  '/home/u/project/src/keys.txt',
  '/home/u/project/docs/private-key.md',
  '/home/u/project/docs/history.txt',
  '/home/u/project/chat_history.md',
  '/home/u/project/huggingface/token',
  '/home/u/project/token.txt',
  '/home/u/project/main.tf',
  '/home/u/project/prod.tfvars.example',
  '/home/u/project/certificate.crt',
  '/home/u/project/key.png',
  '/home/u/project/report.pdf.gpg',
  '/home/u/project/wg-notes.md',
  '/home/u/project/report.2',
  '/home/u/project/notes.bak',
  '/home/u/project/dump.sql',
  '/home/u/project/data.db',
  '/home/u/project/app.log',
  '/home/u/.bashrc',
  '/home/u/.config/nvim/init.lua',
  '/home/u/.local/share/notes/a.md',
  '/home/u/.cache/huggingface/hub/model.bin',
]

describe('a secret by its place', () => {
  test.each(SECRET)('is %s', (path) => {
    expect(secretByPath(path)).toBeString()
  })

  test.each(FINE)('is not %s', (path) => {
    expect(secretByPath(path)).toBeUndefined()
  })

  test('stays one in any mix of capitals', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SECRET), fc.infiniteStream(fc.boolean()), (path, capitals) => {
        const mixed = [...path]
          .map((letter) => (capitals.next().value ? letter.toUpperCase() : letter))
          .join('')
        expect(secretByPath(mixed)).toBeString()
      }),
    )
  })

  test('is not a file of an ordinary project, whatever its name', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9]{1,11}$/)
    const extension = fc.constantFrom(
      ...'ts js py go rs java c h md txt html css json yaml toml xml csv sql png jpg svg pdf docx xlsx zip tar.gz log sh'.split(
        ' ',
      ),
    )
    const ordinary = fc.tuple(fc.array(word, { maxLength: 4 }), word, extension)
    fc.assert(
      fc.property(ordinary, ([folders, stem, end]) => {
        fc.pre(!/^(?:credentials?|secrets?)$/.test(stem))
        expect(secretByPath(`/home/u/${[...folders, stem].join('/')}.${end}`)).toBeUndefined()
      }),
      { numRuns: 1_000 },
    )
  })

  test('stays one wherever the folder of secrets is, and however deep below it', () => {
    // No name that says something itself, such as `dev` at the top or `shadow` at the end, begins with an x.
    const part = fc.stringMatching(/^x[a-z]{0,7}$/)
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

  const BODY = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7'
  const KEY = `-----BEGIN PRIVATE KEY-----\n${BODY}\n`
  test.each([
    [
      'a key after its bag attributes',
      `Bag Attributes\r\n    localKeyID: 54 69\r\nKey Attributes: <No Attributes>\r\n${KEY}`,
    ],
    [
      'a key after its certificate',
      `-----BEGIN CERTIFICATE-----\n${BODY}\n-----END CERTIFICATE-----\n${KEY}`,
    ],
    [
      'a key with headers',
      `# mine\n-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n${BODY}`,
    ],
    ['a key with a byte order mark', `\ufeff${KEY}`],
    ['a key of PuTTY', 'PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none'],
    ['a key of age', `# created: 2026\nAGE-SECRET-KEY-1${'Q'.repeat(58)}`],
    ['a configuration of WireGuard', '[Interface]\nAddress = 10.0.0.2/24\nPrivateKey = abc='],
    ['a service account', '{\n  "type": "service_account",\n  "project_id": "x"'],
  ])('is %s', (_what, text) => {
    expect(secretByContent(Buffer.from(text))).toBe('is a private key')
    expect(secretByContent(Buffer.from(`\ufeff${text.replace('\ufeff', '')}`, 'utf16le'))).toBe(
      'is a private key',
    )
  })

  test.each([
    ['an explanation of the format', '# Keys\n\nThey begin with\n-----BEGIN PRIVATE KEY-----\nMIIE…\n'],
    ['a certificate', `-----BEGIN CERTIFICATE-----\n${BODY}\n`],
    ['a public key', `-----BEGIN PUBLIC KEY-----\n${BODY}\n`],
    ['the side of a peer', '[Interface]\nAddress = 10.0.0.2/24\n[Peer]\nPublicKey = abc='],
    ['JSON', '{"type": "module", "name": "service_account"}'],
  ])('is not %s', (_what, text) => {
    expect(secretByContent(Buffer.from(text))).toBeUndefined()
  })

  test('is a PGP private key, but not a public one', () => {
    expect(secretByContent(Buffer.from('-----BEGIN PGP PRIVATE KEY BLOCK-----'))).toBeString()
    expect(secretByContent(Buffer.from('-----BEGIN PGP PUBLIC KEY BLOCK-----'))).toBeUndefined()
    expect(secretByContent(Buffer.from('-----BEGIN CERTIFICATE-----'))).toBeUndefined()
    expect(secretByContent(Buffer.from('how to read -----BEGIN PRIVATE KEY-----'))).toBeUndefined()
  })
})
