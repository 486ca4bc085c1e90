/** What one thing costs with a history of some length, and how it is measured. */
import { cpuMilliseconds } from '../../driver/process-figures.ts'
import { median } from '../../statistics.ts'
import { elapsedMs } from '../../stopwatch.ts'

export interface Cost {
  readonly of: 'plugin' | 'platform'
  readonly what: string
  readonly rows: number
  /** The median, in milliseconds. */
  readonly ms: number
  /** Processor time of the process, the mean in milliseconds; undefined where the system does not tell. */
  readonly cpuMs: number | undefined
}

/** Does the same `times` times, one after the other, and looks at a process that does the work. */
export async function costOf(
  about: Pick<Cost, 'of' | 'what' | 'rows'>,
  { pid, times }: { readonly pid: number; readonly times: number },
  work: (index: number) => Promise<unknown>,
): Promise<Cost> {
  const before = cpuMilliseconds(pid)
  const samples: number[] = []
  for (let index = 0; index < times; index++) {
    const from = elapsedMs()
    await work(index)
    samples.push(elapsedMs() - from)
  }
  const after = cpuMilliseconds(pid)
  const cpuMs = before === undefined || after === undefined ? undefined : (after - before) / times
  return { ...about, ms: median(samples), cpuMs }
}

/** The cost of several starts: each begins a process and says which one. */
export function costOfStarts(
  about: Pick<Cost, 'of' | 'rows'>,
  starts: readonly { readonly ms: number; readonly cpuMs: number | undefined }[],
): Cost {
  const cpu = starts.flatMap(({ cpuMs }) => cpuMs ?? [])
  return {
    ...about,
    what: 'a start',
    ms: median(starts.map(({ ms }) => ms)),
    cpuMs: cpu.length === 0 ? undefined : median(cpu),
  }
}
