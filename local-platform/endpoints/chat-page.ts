// The web chat's files. They hold no secret: the page brings the admin token itself.

import type { Route } from '../http/router.ts'

const FILES = [
  { path: '/', file: 'page.html', type: 'text/html; charset=utf-8' },
  { path: '/chat/chat.css', file: 'chat.css', type: 'text/css; charset=utf-8' },
  { path: '/chat/chat.js', file: 'chat.js', type: 'text/javascript; charset=utf-8' },
  { path: '/chat/conversation.js', file: 'conversation.js', type: 'text/javascript; charset=utf-8' },
  { path: '/chat/platform-client.js', file: 'platform-client.js', type: 'text/javascript; charset=utf-8' },
] as const

/** Only our own files may run, load or be asked; nobody may frame the page; no address of it is told to anyone. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
}

export function chatRoutes(): readonly Route[] {
  return FILES.map(({ path, file, type }) => ({
    method: 'GET',
    path,
    gate: 'open',
    handle: () =>
      new Response(Bun.file(`${import.meta.dir}/../chat/${file}`), {
        headers: { ...HEADERS, 'Content-Type': type },
      }),
  }))
}
