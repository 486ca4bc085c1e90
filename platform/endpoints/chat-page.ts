/** Serves the files of the web chat. They hold no secret: the page supplies the admin token itself. */
import { readdirSync } from 'node:fs'
import { extname, join } from 'node:path'
import type { Route } from '../http/router.ts'

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

const PLATFORM = join(import.meta.dir, '..')
const PACKAGES = join(PLATFORM, '../node_modules')
const PAGE = 'page.html'

/** Rules of the contract that the page applies, too. */
const RULES = ['a2a-answer.js', 'a2a-method.js', 'a2a-parts.js']
/** The page loads them under the path by which its files, and tests of them, import them. */
const LIBRARIES = ['marked/lib/marked.esm.js', 'dompurify/dist/purify.es.mjs']

/**
 * Only our own files may run, load or be requested; text becomes markup through the sanitizer alone; nobody may frame the
 * page; it sends no referrer.
 */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types dompurify",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
}

export const chatRoutes: readonly Route[] = [
  ...filesIn('chat').map((file) =>
    routeTo(file === PAGE ? '/' : `/chat/${file}`, join(PLATFORM, 'chat', file)),
  ),
  ...RULES.map((file) => routeTo(`/contract/${file}`, join(PLATFORM, 'contract', file))),
  ...LIBRARIES.map((file) => routeTo(`/node_modules/${file}`, join(PACKAGES, file))),
]

function filesIn(folder: string): readonly string[] {
  return readdirSync(join(PLATFORM, folder)).filter((file) => typeOf(file) !== undefined)
}

function typeOf(file: string): string | undefined {
  return TYPES[extname(file).slice(1)]
}

function routeTo(path: string, file: string): Route {
  return {
    method: 'GET',
    path,
    gate: 'open',
    isFile: true,
    handle: () =>
      new Response(Bun.file(file), { headers: { ...HEADERS, 'Content-Type': typeOf(file) ?? '' } }),
  }
}
