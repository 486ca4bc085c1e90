/** The body of an answer, unpacked if something on the way has compressed it although that was not asked for. */
import { Readable, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'

const UNPACKERS = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
  ['zstd', createZstdDecompress],
])

/** Whether the body is as the platform wrote it: nothing on the way has compressed it. */
export function isPlain(headers: Headers): boolean {
  return /^(?:identity)?$/.test(encodingOf(headers))
}

/**
 * The body in small parts, each unpacked only when it is read: whoever counts them can stop in time, since a small body
 * may unpack to a thousand times its size.
 *
 * @returns undefined when it is compressed in a way that is not known here, or more than once.
 */
export function unpackedBody({ headers, body }: Response): AsyncIterable<Uint8Array> | undefined {
  if (body === null) return parts()
  if (isPlain(headers)) return body
  const unpacker = UNPACKERS.get(encodingOf(headers))?.()
  return unpacker === undefined ? undefined : unpacked(body, unpacker)
}

async function* parts(): AsyncGenerator<Uint8Array> {}

async function* unpacked(body: ReadableStream<Uint8Array>, unpacker: Transform): AsyncGenerator<Uint8Array> {
  const source = Readable.from(body)
  source.on('error', (error) => unpacker.destroy(error))
  try {
    yield* source.pipe(unpacker)
  } finally {
    // A pipe leaves its source open when its target ends early.
    source.destroy()
  }
}

function encodingOf(headers: Headers): string {
  return (headers.get('content-encoding') ?? '').trim().toLowerCase()
}
