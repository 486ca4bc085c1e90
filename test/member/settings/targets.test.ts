import { describe, expect, test } from 'bun:test'
import type { Environment } from '../../../member/settings/config.ts'
import {
  configOf,
  ID_A,
  ID_B,
  MINIMAL,
  problemsOf,
  TOKEN_A,
  TOKEN_B,
  URL_A,
  URL_B,
  warningsOf,
} from '../../fixtures/config.ts'

const TWO: Environment = {
  MOLECULE_WORKSPACE_IDS: `${ID_A}, ${ID_B}`,
  MOLECULE_WORKSPACE_TOKENS: `${TOKEN_A},${TOKEN_B},`,
}

const A = { workspaceId: ID_A, token: TOKEN_A, platformUrl: URL_A }
const B = { workspaceId: ID_B, token: TOKEN_B, platformUrl: URL_B }

function json(...entries: readonly unknown[]): Environment {
  return { MOLECULE_WORKSPACES_JSON: JSON.stringify(entries) }
}

function withToken(token: string): Environment {
  return json({ id: ID_A, token, platform_url: URL_A })
}

describe('the three ways to set the workspaces', () => {
  test('are lists with one URL for all', () => {
    const { targets } = configOf({ ...TWO, MOLECULE_PLATFORM_URL: URL_A })
    expect(targets).toEqual([A, { ...B, platformUrl: URL_A }])
  })

  test('are lists with one URL each, which override the single URL', () => {
    const environment = {
      ...TWO,
      MOLECULE_PLATFORM_URLS: `${URL_A},${URL_B}`,
      MOLECULE_PLATFORM_URL: 'ftp://x',
    }
    expect(configOf(environment).targets).toEqual([A, B])
  })

  test('are JSON, which overrides the lists with a warning', () => {
    const environment = {
      ...MINIMAL,
      ...json(
        { id: ID_B, token: TOKEN_B, platform_url: URL_B, note: 'unknown keys are ignored' },
        { id: ID_A, token: TOKEN_A, platform_url: URL_A },
      ),
    }
    expect(configOf(environment).targets).toEqual([B, A])
    const warnings = warningsOf(environment)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(
      /^MOLECULE_WORKSPACES_JSON overrides MOLECULE_WORKSPACE_IDS, .*: remove one or the other\.$/,
    )
  })

  test('do not stand in for each other: bad JSON is a problem beside good lists', () => {
    expect(problemsOf({ ...MINIMAL, MOLECULE_WORKSPACES_JSON: '[{' })).toHaveLength(1)
  })
})

describe('the number of entries', () => {
  test('is a problem for each list that is missing', () => {
    expect(problemsOf({ MOLECULE_WORKSPACE_IDS: ID_A })).toEqual([
      expect.stringContaining('MOLECULE_WORKSPACE_TOKENS is not set'),
      expect.stringContaining('MOLECULE_PLATFORM_URL'),
    ])
    expect(problemsOf({ MOLECULE_WORKSPACE_TOKENS: TOKEN_A })[0]).toContain(
      'MOLECULE_WORKSPACE_IDS is not set',
    )
  })

  test('must be the same for tokens and ids', () => {
    const problems = problemsOf({ ...TWO, MOLECULE_WORKSPACE_TOKENS: TOKEN_A, MOLECULE_PLATFORM_URL: URL_A })
    expect(problems).toEqual([expect.stringContaining('1 token and 2 ids')])
  })

  test('must be the same for URLs and ids', () => {
    const problems = problemsOf({ ...TWO, MOLECULE_PLATFORM_URLS: URL_A })
    expect(problems).toEqual([expect.stringContaining('1 urls and 2 ids')])
  })

  test('includes an empty entry within a list, which is named', () => {
    const problems = problemsOf({
      ...TWO,
      MOLECULE_WORKSPACE_TOKENS: `,${TOKEN_B}`,
      MOLECULE_PLATFORM_URL: URL_A,
    })
    expect(problems).toEqual(['MOLECULE_WORKSPACE_TOKENS entry 1 is empty: fill it in.'])
  })

  test('may be 200 and not 201, in lists and in JSON', () => {
    const ids = Array.from({ length: 201 }, (_, index) => ID_A.slice(0, -3) + String(100 + index))
    const lists = (count: number): Environment => ({
      MOLECULE_WORKSPACE_IDS: ids.slice(0, count).join(),
      MOLECULE_WORKSPACE_TOKENS: ids.slice(0, count).fill(TOKEN_A).join(),
      MOLECULE_PLATFORM_URL: URL_A,
    })
    const entries = ids.map((id) => ({ id, token: TOKEN_A, platform_url: URL_A }))
    expect(configOf(lists(200)).targets).toHaveLength(200)
    expect(problemsOf(lists(201))).toEqual([expect.stringContaining('201 entries, but at most 200')])
    expect(problemsOf(json(...entries))).toEqual([expect.stringContaining('201 entries, but at most 200')])
  })

  test('of problems shown is cut to a readable one', () => {
    const many = Array.from({ length: 150 }, () => ({}))
    expect(problemsOf(json(...many)).at(-1)).toStartWith('There are 430 more like these')
  })
})

describe('workspace ids', () => {
  test('are normalised to lower case', () => {
    expect(configOf({ ...MINIMAL, MOLECULE_WORKSPACE_IDS: ID_A.toUpperCase() }).targets[0]?.workspaceId).toBe(
      ID_A,
    )
  })

  test.each(['ws-x', `${ID_A}0`, ID_A.replaceAll('-', ''), '../admin', `{${ID_A}}`])(
    '%j is not a UUID',
    (id) => {
      const problems = problemsOf({ ...MINIMAL, MOLECULE_WORKSPACE_IDS: id })
      expect(problems).toEqual([expect.stringContaining('MOLECULE_WORKSPACE_IDS entry 1 is ')])
      expect(problems[0]).toContain('must be a UUID')
    },
  )

  test('may be named once, whatever the case', () => {
    const problems = problemsOf({
      ...TWO,
      MOLECULE_WORKSPACE_IDS: `${ID_A},${ID_A.toUpperCase()}`,
      MOLECULE_PLATFORM_URL: URL_A,
    })
    expect(problems).toEqual([
      'MOLECULE_WORKSPACE_IDS entry 2 repeats MOLECULE_WORKSPACE_IDS entry 1: name each workspace once.',
    ])
  })
})

describe('tokens', () => {
  test.each([
    TOKEN_A,
    TOKEN_B,
    'tok-1',
    'token-of-mine',
    'mytoken',
    'exchange-me-not',
    'x'.repeat(4096).replace('x', 'y'),
  ])('%j is accepted', (token) => {
    expect(configOf(withToken(token)).targets[0]?.token).toBe(token)
  })

  test.each([
    '<token>',
    '<paste your token>',
    'your-token',
    'YOUR_TOKEN',
    'your-token-here',
    'yourtoken',
    'changeme',
    'Change-Me',
    'change_me',
    'xxx',
    'XXXXXXXX…',
    'token',
    '...',
    'paste-token-here',
    'paste-the-token-here',
    'REPLACE_ME',
    'replace-me',
    'undefined',
    '$MOLECULE_TOKEN',
    '$env:TOKEN',
    '%TOKEN%',
  ])('%j is a placeholder', (token) => {
    const problems = problemsOf(withToken(token))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toStartWith('"token" of MOLECULE_WORKSPACES_JSON entry 1 must be ')
  })

  test.each([
    'a b',
    'a\r\nX-Evil: 1',
    ' a',
    'a\n',
    'a\tb',
    'a\u0000b',
    'a\u007fb',
    'tökèn',
    'x'.repeat(4097),
    '',
  ])('%j is not a token that fits a header', (token) => {
    expect(problemsOf(withToken(token))).toHaveLength(1)
  })

  test('are named by their number when they are wrong', () => {
    const problems = problemsOf({
      ...TWO,
      MOLECULE_WORKSPACE_TOKENS: `${TOKEN_A},changeme`,
      MOLECULE_PLATFORM_URL: URL_A,
    })
    expect(problems).toEqual([expect.stringContaining('MOLECULE_WORKSPACE_TOKENS entry 2')])
  })

  test('are not shown when they were swapped with the ids', () => {
    const problems = problemsOf({
      MOLECULE_WORKSPACE_IDS: `${TOKEN_A},short-secret`,
      MOLECULE_WORKSPACE_TOKENS: `${ID_A},short-secret`,
      MOLECULE_PLATFORM_URL: URL_A,
    }).join()
    expect(problems).not.toContain(TOKEN_A)
    expect(problems).not.toContain('short-secret')
    expect(problems).toContain('MOLECULE_WORKSPACE_IDS entry 1 is a value of 43 characters (not shown')
  })
})

describe('JSON of another shape', () => {
  test.each(['{', 'null', '{}', '[]', '"x"', '7', '[1]', '[null]', '[[]]', `[{"id":"${ID_A}"}]`])(
    '%s is refused with the right shape',
    (text) => {
      for (const problem of problemsOf({ MOLECULE_WORKSPACES_JSON: text })) {
        expect(problem).toContain('[{"id":"…","token":"…","platform_url":"…"}]')
      }
    },
  )

  test('is refused with the entry and the key that is missing', () => {
    const good = { id: ID_A, token: TOKEN_A, platform_url: URL_A }
    expect(problemsOf(json(good, { id: 7, token: null }))).toEqual([
      expect.stringContaining('MOLECULE_WORKSPACES_JSON entry 2 must have "id" as text'),
      expect.stringContaining('MOLECULE_WORKSPACES_JSON entry 2 must have "token" as text'),
      expect.stringContaining('MOLECULE_WORKSPACES_JSON entry 2 must have "platform_url" as text'),
    ])
  })

  test('is refused without the words of the JSON parser, which may quote a token', () => {
    const problems = problemsOf({ MOLECULE_WORKSPACES_JSON: `[{"token":${TOKEN_B}}]` })
    expect(problems.join()).not.toContain('tok-')
  })
})
