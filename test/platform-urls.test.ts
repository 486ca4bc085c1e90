import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { hasMixedTenants, type PlatformUrls, resolvePlatformUrls } from '../platform-urls.ts'

const A = 'https://tenant-a.example/'
const B = 'https://tenant-b.example'

function messageOf(result: PlatformUrls): string {
  if (result.ok) throw new Error(`expected a refusal, got ${JSON.stringify(result)}`)
  return result.message
}

describe('resolvePlatformUrls', () => {
  test('one URL serves every workspace', () => {
    const result = resolvePlatformUrls({ workspaceIds: ['x', 'y'], platformUrls: [], platformUrl: A })
    expect(result).toEqual({ ok: true, urls: [A, A], multiTenant: false })
  })

  test('a list gives each workspace its own URL, in order', () => {
    const result = resolvePlatformUrls({
      workspaceIds: ['x', 'y'],
      platformUrls: [B, A],
      platformUrl: undefined,
    })
    expect(result).toEqual({ ok: true, urls: [B, A], multiTenant: true })
  })

  test('the list wins over the single URL', () => {
    const result = resolvePlatformUrls({ workspaceIds: ['x'], platformUrls: [A], platformUrl: B })
    expect(result).toEqual({ ok: true, urls: [A], multiTenant: false })
  })

  test('a list that repeats one URL is one tenant', () => {
    const result = resolvePlatformUrls({
      workspaceIds: ['x', 'y'],
      platformUrls: [A, A],
      platformUrl: undefined,
    })
    expect(result).toEqual({ ok: true, urls: [A, A], multiTenant: false })
  })

  test('a list that does not match the ids is refused with both counts and both settings', () => {
    const few = resolvePlatformUrls({ workspaceIds: ['x', 'y'], platformUrls: [A], platformUrl: B })
    expect(messageOf(few)).toMatch(/1 urls and 2 ids/)
    expect(messageOf(few)).toContain('MOLECULE_PLATFORM_URLS')
    expect(messageOf(few)).toMatch(/MOLECULE_PLATFORM_URL\b/)
    const many = resolvePlatformUrls({ workspaceIds: ['x'], platformUrls: [A, B, A], platformUrl: undefined })
    expect(messageOf(many)).toContain('3 urls and 1 ids')
  })

  test('neither set is refused with both settings', () => {
    const message = messageOf(
      resolvePlatformUrls({ workspaceIds: ['x'], platformUrls: [], platformUrl: undefined }),
    )
    expect(message).toContain('MOLECULE_PLATFORM_URLS')
    expect(message).toMatch(/MOLECULE_PLATFORM_URL\b/)
  })

  test('an empty string counts as unset, in the list and alone', () => {
    expect(resolvePlatformUrls({ workspaceIds: ['x'], platformUrls: [''], platformUrl: A })).toEqual({
      ok: true,
      urls: [A],
      multiTenant: false,
    })
    expect(resolvePlatformUrls({ workspaceIds: ['x'], platformUrls: [], platformUrl: '' }).ok).toBe(false)
    const hole = resolvePlatformUrls({ workspaceIds: ['x', 'y'], platformUrls: [A, ' '], platformUrl: B })
    expect(messageOf(hole)).toContain('1 urls and 2 ids')
  })

  test('no workspace is refused, whatever the URLs', () => {
    expect(resolvePlatformUrls({ workspaceIds: [], platformUrls: [], platformUrl: A }).ok).toBe(false)
    expect(resolvePlatformUrls({ workspaceIds: [], platformUrls: [A], platformUrl: A }).ok).toBe(false)
  })

  test('entries pass through unread, whatever they are', () => {
    const odd = ['https://tenant-a.../', 'not a url']
    const result = resolvePlatformUrls({
      workspaceIds: ['x', 'y'],
      platformUrls: odd,
      platformUrl: undefined,
    })
    expect(result).toEqual({ ok: true, urls: odd, multiTenant: true })
  })

  test('the answer is a fresh array that the caller may change', () => {
    const platformUrls = [A, B]
    const result = resolvePlatformUrls({ workspaceIds: ['x', 'y'], platformUrls, platformUrl: undefined })
    if (!result.ok) throw new Error(result.message)
    result.urls.push('more')
    expect(platformUrls).toEqual([A, B])
  })

  test('an ok answer has one of the given URLs for each workspace', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string()),
        fc.array(fc.string()),
        fc.option(fc.string(), { nil: undefined }),
        (workspaceIds, platformUrls, platformUrl) => {
          const result = resolvePlatformUrls({ workspaceIds, platformUrls, platformUrl })
          if (!result.ok) return
          expect(result.urls).toHaveLength(workspaceIds.length)
          expect(result.multiTenant).toBe(hasMixedTenants(result.urls))
          for (const url of result.urls) expect([...platformUrls, platformUrl]).toContain(url)
        },
      ),
    )
  })
})

describe('hasMixedTenants', () => {
  test('is true for two different URLs only', () => {
    expect(hasMixedTenants([])).toBe(false)
    expect(hasMixedTenants([A])).toBe(false)
    expect(hasMixedTenants([A, A])).toBe(false)
    expect(hasMixedTenants([A, B, A])).toBe(true)
  })
})
