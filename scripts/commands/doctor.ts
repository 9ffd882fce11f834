import pico from 'picocolors';
import { readEnvironment, readTerminal } from '../../configs/env.ts';
import { loadConfig } from '../../configs/load.ts';
import { hasFailed, type Finding } from '../../domain/doctor.ts';
import { examine } from '../doctor/examine.ts';
import { LEAST_NEEDS, needsOf } from '../doctor/needs.ts';
import { readDuration } from '../durations.ts';
import { EXIT } from '../exit.ts';
import { checkStages } from '../runs.ts';
import { printableJson, printableLine } from '../terminal.ts';

export interface DoctorOptions {
  readonly config?: string;
  readonly set: readonly string[];
  readonly from?: string;
  readonly until?: string;
  readonly fix?: boolean;
  /** False with --no-calls. */
  readonly calls: boolean;
  readonly wait: string;
  readonly json?: boolean;
}

/** Characters of a finding that a terminal gets: more than any of ours, less than a server can send. */
const MOST = 1000;

/**
 * Looks whether everything is in place for a run: the server and the store from here, and all else as workers see it.
 * Exit code 1 where something fails that a run needs, 3 where no server answers.
 */
export async function doctor(options: DoctorOptions): Promise<number> {
  const waitMs = readDuration('--wait', options.wait);
  const stages = checkStages(options);
  const config = options.config === undefined ? undefined : await loadConfig(options.config, options.set);
  const needs = config ? needsOf(config, stages, options.calls) : LEAST_NEEDS;
  const { findings, reached } = await examine(readEnvironment(), { needs, fix: options.fix ?? false, waitMs });
  if (options.json) console.log(printableJson({ ok: !hasFailed(findings), findings }));
  else for (const line of findingLines(findings)) console.log(line);
  if (!reached) return EXIT.unreachable;
  return hasFailed(findings) ? EXIT.failed : EXIT.done;
}

/** One line for each finding: how it came out, what was looked at, what was found, and what to do. */
function findingLines(findings: readonly Finding[]): string[] {
  const colours = pico.createColors(readTerminal(process.stdout.isTTY).colour);
  const states = { ok: colours.green('ok  '), warn: colours.yellow('warn'), fail: colours.red('FAIL') };
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings.map(({ check, state, found, mend }) => {
    const told = printableLine(mend === undefined ? found : `${found} → ${mend}`, MOST);
    return `${states[state]}  ${printableLine(check, MOST).padEnd(width)}  ${told}`;
  });
}
