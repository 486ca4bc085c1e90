/** `molecule connect` in a process of its own. */
import { currentBundle } from './bundle.ts'
import { until } from './until.ts'

export interface ConnectOptions {
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** The bundle to run; by default one of the current sources. */
  readonly script?: string
}

export class ConnectProcess implements AsyncDisposable {
  readonly #child: Bun.Subprocess<'ignore', 'pipe', 'pipe'>
  readonly #output: Promise<unknown>
  stdout = ''
  stderr = ''

  private constructor(child: Bun.Subprocess<'ignore', 'pipe', 'pipe'>) {
    this.#child = child
    this.#output = Promise.all([
      this.#collect(child.stdout, (text) => {
        this.stdout += text
      }),
      this.#collect(child.stderr, (text) => {
        this.stderr += text
      }),
    ])
  }

  /** @param words of the command line. */
  static async start(
    words: readonly string[],
    { env, cwd, script }: ConnectOptions,
  ): Promise<ConnectProcess> {
    const bundle = script ?? (await currentBundle('connect'))
    const command = [process.execPath, '--no-env-file', bundle, ...words]
    const { HOME = '', PATH = '' } = process.env
    return new ConnectProcess(
      Bun.spawn(command, {
        env: { HOME, PATH, ...env },
        cwd,
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'pipe',
      }),
    )
  }

  get pid(): number {
    return this.#child.pid
  }

  /** Resolves when its log holds the text. */
  logs(text: string): Promise<boolean> {
    return until(`the line "${text}" in ${this.stderr}`, () => this.stderr.includes(text))
  }

  /** Resolves once it answers. */
  serving(): Promise<boolean> {
    return this.logs('is received here')
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#child.kill(signal)
  }

  /** Its exit code, once it has ended and all its output was read. */
  async exit(): Promise<number> {
    const code = await this.#child.exited
    await this.#output
    return code
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill()
    await this.exit()
  }

  async #collect(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder()
    for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }))
  }
}
