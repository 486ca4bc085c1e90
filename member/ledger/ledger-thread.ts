/** The program of a thread that does one slow job on the ledger's file. */
import { CHECKPOINT, systemDisk } from '../../base/sqlite.ts'
import { serveJobs } from '../../base/thread.ts'
import { CUT } from './ledger-budget.ts'
import { PREPARE } from './ledger-jobs.ts'

serveJobs([CHECKPOINT, CUT, PREPARE], systemDisk)
