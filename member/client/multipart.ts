/** A form with one file (RFC 7578), read while it is sent. */
import type { Upload } from './client.ts'

/** A file to be sent. */
export interface OutgoingFile {
  readonly name: string
  readonly mimeType: string
  readonly size: number
  /** Gives exactly `size` bytes from the beginning, in small parts. */
  readonly read: () => AsyncIterator<Uint8Array>
}

/**
 * Builds the form. Bun's own would read the whole file into memory.
 *
 * @param boundary must not occur in the file; a random one does not.
 */
export function fileForm(field: string, file: OutgoingFile, boundary: string = crypto.randomUUID()): Upload {
  const head = Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="${formName(file.name)}"\r\n` +
      `Content-Type: ${formType(file.mimeType)}\r\n\r\n`,
  )
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    length: head.byteLength + file.size + tail.byteLength,
    open: (onPart) => streamOf(joined(head, file, tail), onPart),
  }
}

/** The name in its own script, without what could end its quotes or its line. */
function formName(name: string): string {
  return name.replace(/[\p{Cc}\u2028\u2029"\\]+/gu, '_').toWellFormed() || 'file'
}

function formType(mimeType: string): string {
  return /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(mimeType) ? mimeType : 'application/octet-stream'
}

async function* joined(head: Uint8Array, file: OutgoingFile, tail: Uint8Array): AsyncGenerator<Uint8Array> {
  yield head
  yield* { [Symbol.asyncIterator]: file.read }
  yield tail
}

/** Reads each part only when the one before has been sent, at the pace of the network. */
function streamOf(parts: AsyncIterator<Uint8Array>, onPart: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      async pull(controller) {
        onPart()
        const { done, value } = await parts.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await parts.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}
