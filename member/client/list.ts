/** Lists that others fill, read item by item: one that is too large or has another shape costs no other. */
import { type ZodType, z } from 'zod'
import type { Call, PlatformClient } from './client.ts'

export interface List<T> {
  readonly items: readonly T[]
  /** The ids of those that are too large to read, as far as they tell them. */
  readonly oversized: readonly (string | undefined)[]
}

/** Of one item: more than a model could read. */
const MAX_ITEM_BYTES = 512 * 1024

/** What is left of one that is too large: see `base/item-sieve.ts`. */
const oversizedSchema = z.object({ oversized: z.literal(true), id: z.string().optional() })

/** @throws PlatformError */
export async function fetchList<T>(client: PlatformClient, call: Call, schema: ZodType<T>): Promise<List<T>> {
  const rows = await client.json({ ...call, maxItemBytes: MAX_ITEM_BYTES }, z.array(z.unknown()))
  return {
    items: valid(rows, schema),
    oversized: valid(rows, oversizedSchema).map(({ id }) => id),
  }
}

function valid<T>(rows: readonly unknown[], schema: ZodType<T>): readonly T[] {
  return rows.flatMap((row) => {
    const read = schema.safeParse(row)
    return read.success ? [read.data] : []
  })
}
