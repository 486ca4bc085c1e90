/** Fields of a platform's answer whose absence or wrong type does no harm: either makes them null. */
import { z } from 'zod'

export const optionalText = z.string().nullish().catch(null)
export const optionalNumber = z.number().nullish().catch(null)
