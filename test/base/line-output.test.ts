import { expect, test } from 'bun:test'
import { createWriteStream } from 'node:fs'
import { PassThrough } from 'node:stream'
import { codeOf } from '../../base/errors.ts'
import { LineOutput, type LineStream } from '../../base/line-output.ts'
import { until } from '../../lab/driver/until.ts'

/** Passes writes on, and counts them. */
class Counting implements LineStream {
  written = 0
  readonly #stream: LineStream

  constructor(stream: LineStream) {
    this.#stream = stream
  }

  write(text: string, done: (error?: Error | null) => void): unknown {
    this.written++
    return this.#stream.write(text, done)
  }

  on(event: 'error', listener: (error: Error) => void): unknown {
    return this.#stream.on(event, listener)
  }
}

test('after the first failure nothing is written again, and the failure is reported once', async () => {
  const stream = new Counting(createWriteStream('/dev/full'))
  const failures: unknown[] = []
  const output = new LineOutput(
    () => stream,
    (error) => {
      failures.push(codeOf(error))
      output.write('the handler writes, too')
    },
  )
  output.write('one')
  await until('the failure', () => failures.length > 0)
  for (let n = 0; n < 100; n++) output.write('more')
  expect([failures, stream.written]).toEqual([['ENOSPC'], 1])
})

test('a stream that throws, or that breaks between two lines, does no harm', () => {
  const throwing = new Counting({
    write: () => {
      throw new Error('closed')
    },
    on: () => undefined,
  })
  const output = new LineOutput(() => throwing)
  output.write('one')
  output.write('two')
  expect(throwing.written).toBe(1)
  const pipe = new PassThrough()
  const breaking = new Counting(pipe)
  const broken = new LineOutput(() => breaking)
  broken.write('one')
  pipe.emit('error', new Error('EPIPE'))
  broken.write('two')
  expect(breaking.written).toBe(1)
})

test('a reader that does not read costs 256 KiB and no more, and gets the lines that follow once it does', () => {
  const waiting: (() => void)[] = []
  const stream = new Counting({ write: (_, done) => waiting.push(() => done()), on: () => undefined })
  const output = new LineOutput(() => stream)
  const line = 'x'.repeat(1023)
  for (let n = 0; n < 1_000; n++) output.write(line)
  expect(stream.written).toBe(256)
  for (const read of waiting.splice(0)) read()
  output.write(line)
  expect(stream.written).toBe(257)
})

test('a stream is opened by the first line, once, and a failure to open it is a failure to write', () => {
  let opened = 0
  const failures: unknown[] = []
  const output = new LineOutput(
    () => {
      opened++
      throw new Error('no such descriptor')
    },
    (error) => failures.push(error),
  )
  expect(opened).toBe(0)
  output.write('one')
  output.write('two')
  expect([opened, failures]).toEqual([1, [new Error('no such descriptor')]])
})
