/** Says in the job's events that a life of it begins; a line that a killed one left half-written is ended first. */
const BEGIN = `printf '\\n{"event":"job-start","version":1,"time":"%s","step":0}\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >>events.jsonl`;

/**
 * A job's command that first marks in `events.jsonl` that it begins, each time that it is started, by whom ever: what an
 * earlier life said of its end is then no reason for the end of one that could not say anything.
 */
export function lifeCommand(command: readonly string[]): string[] {
  return ['sh', '-c', `${BEGIN}; exec "$@"`, 'sh', ...command];
}
