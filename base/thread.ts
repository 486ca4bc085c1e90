/** Does each job on a thread of its own, which ends with the job. */
import { codeOf, describeError } from './errors.ts'
import type { Disk, DoJob, Job } from './sqlite.ts'

/** The message to a thread. */
interface Question {
  readonly name: string
  readonly input: unknown
}

/** Its reply, sent exactly once. */
type Answer =
  | { readonly ok: true; readonly output: unknown }
  | { readonly ok: false; readonly message: string; readonly code: string | undefined }

/** @param program gives the address of a thread's program, which calls {@link serveJobs}. Asked at the first job. */
export function onThreads(program: () => string): DoJob {
  let address: string | undefined
  return (job, input) =>
    new Promise((resolve, reject) => {
      address ??= program()
      const worker = new Worker(address, { name: job.name, smol: true })
      // The process may end in the middle of a job, and takes the thread with it.
      worker.unref()
      worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
        if (data.ok) resolve(data.output as never)
        else reject(Object.assign(new Error(data.message), { code: data.code }))
      })
      worker.addEventListener('error', ({ message }) => reject(new Error(`${job.name}: ${message}`)))
      worker.addEventListener('close', () => {
        // After an answer this does nothing.
        reject(new Error(`${job.name}: its thread ended without an answer`))
        // Without this, the memory of the thread stays with the process.
        Bun.shrink()
      })
      const question: Question = { name: job.name, input }
      worker.postMessage(question)
    })
}

/** Runs in a thread: does the one job it is given, then ends the thread. */
export function serveJobs(jobs: readonly Job<never, unknown>[], disk: Disk): void {
  addEventListener('message', ({ data }: MessageEvent<Question>) => {
    postMessage(answer(jobs, disk, data))
    process.exit()
  })
}

function answer(jobs: readonly Job<never, unknown>[], disk: Disk, { name, input }: Question): Answer {
  try {
    const job = jobs.find((one) => one.name === name)
    if (job === undefined) throw new Error(`there is no job ${name}`)
    return { ok: true, output: job.run(input as never, disk) }
  } catch (error) {
    return { ok: false, message: describeError(error), code: codeOf(error) }
  }
}
