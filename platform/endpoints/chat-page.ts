/** Serves the files of the web chat. They hold no secret: the page supplies the admin token itself. */
import type { Route } from '../http/router.ts'

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

const PAGE = 'page.html'

const FILES = [
  PAGE,
  'icon.svg',
  'page.css',
  'team.css',
  'conversation.css',
  'main.js',
  'chat.js',
  'composer.js',
  'conversation.js',
  'files.js',
  'message-text.js',
  'platform-client.js',
]
/** Rules of the contract that the page applies, too. */
const RULES = ['a2a-answer.js', 'a2a-method.js', 'a2a-parts.js']

/** Only our own files may run, load or be requested; nobody may frame the page; it sends no referrer. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
}

export const chatRoutes: readonly Route[] = [
  ...FILES.map((file) => routeTo(file === PAGE ? '/' : `/chat/${file}`, `chat/${file}`)),
  ...RULES.map((file) => routeTo(`/contract/${file}`, `contract/${file}`)),
]

function routeTo(path: string, file: string): Route {
  const type = TYPES[file.slice(file.lastIndexOf('.') + 1)] ?? ''
  return {
    method: 'GET',
    path,
    gate: 'open',
    handle: () =>
      new Response(Bun.file(`${import.meta.dir}/../${file}`), {
        headers: { ...HEADERS, 'Content-Type': type },
      }),
  }
}
