import { quoteShell } from './shell.ts';
import type { LaunchedJob } from './launcher.ts';

/**
 * The script of a Slurm job. Its first act writes into the job's folder which life of which Slurm job began, its last
 * with which exit code that life ended: a job that Slurm requeues has several, and only the end of the latest one counts.
 *
 * SIGTERM comes to this shell alone (`--signal=B:TERM`), so it hands it on, to its whole process group since a launcher of
 * several trainers need not; then it waits for their end, however often it is told.
 */
export function slurmScript(job: LaunchedJob): string {
  return `#!/bin/bash
life="$SLURM_JOB_ID.\${SLURM_RESTART_COUNT:-0}"
write() { printf '%s\\n' "$2" >"$1.$life" && mv -f "$1.$life" "$1"; }
stopped=
stop() { stopped=1; trap 'stopped=1' TERM; kill -TERM 0; }
trap stop TERM
cd ${quoteShell(job.folder)} || exit 1
write ${STARTED} "$life"
code=143
if [ -z "$stopped" ]; then
  ${job.command.map(quoteShell).join(' ')} &
  child=$!
  while :; do
    stopped=
    wait "$child"
    code=$?
    [ -z "$stopped" ] && break
  done
fi
write ${EXIT_CODE} "$life $code"
exit "$code"
`;
}

/** Name of the file that holds the latest life of a job that began. */
export const STARTED = 'started';

/** Name of the file that holds a life and its exit code. */
export const EXIT_CODE = 'exit-code';
