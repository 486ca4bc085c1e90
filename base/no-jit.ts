/**
 * Without a JIT, compiling a schema into a function costs more than checking values by the schema. Import it before any
 * module that makes schemas.
 */
import { config } from 'zod'

config({ jitless: true })
