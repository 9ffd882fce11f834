import type { Stage } from './names.ts';
import type { JudgementName } from './schemas/completion.ts';

/** A store path of one immutable model call. */
export const callKey = (fingerprint: string): string => `calls/${fingerprint.slice(0, 2)}/${fingerprint}.json`;

/** A store path of what one check of longwriter doctor leaves for others to find; all are removed by it. */
export const doctorKey = (name: string): string => `doctor/${name}`;

/** A store path of an uploaded input, named by the SHA-256 of its bytes. */
export const inputKey = (sha256: string): string => `inputs/${sha256}`;

/** A store path of a run's frozen configuration; revision 1 is `config.json`, which is also the run's lock. */
export const configKey = (run: string, revision = 1): string =>
  `runs/${run}/${revision === 1 ? 'config.json' : `config.${revision}.json`}`;

/** A store path of a run's control object: whether it is paused, and why. */
export const controlKey = (run: string): string => `runs/${run}/control.json`;

/** A store folder of the ledger of a run: one empty object for each call that it paid for, which its name describes. */
export const ledgerFolder = (run: string): string => `runs/${run}/ledger`;

/** A store path of which rejected samples were opened again. */
export const retriesKey = (run: string): string => `runs/${run}/retries.json`;

/** A store path of the record of one stage of a run: its outcome and its times. */
export const stageKey = (run: string, stage: Stage): string => `runs/${run}/stages/${stage}.json`;

/** A store path of a run's selected instructions, one JSON object a line. */
export const instructionsKey = (run: string, hash: string): string => `runs/${run}/instructions-${hash}.jsonl`;

/** A store path of the instructions of a run's imported texts. */
export const importsKey = (run: string, hash: string): string => `runs/${run}/imports-${hash}.jsonl`;

/** A store path of what a run's selection left out, one JSON object a line, with why. */
export const leftOutKey = (run: string, hash: string): string => `runs/${run}/selection-${hash}.jsonl`;

/** A store folder of the instructions that a run's steps before the model let through, in pages. */
export const candidatesFolder = (run: string, hash: string): string => `runs/${run}/candidates/${hash}`;

/** A store path, inside a folder of candidates, of one page of them. */
export const candidatesPageKey = (folder: string, page: number): string =>
  `${folder}/page-${String(page).padStart(6, '0')}.jsonl`;

/** A store path of what the model said of one candidate. */
export const selectionVerdictKey = (run: string, settings: string, id: string): string =>
  `runs/${run}/selections/${settings}/${id}.json`;

/** A store path of the imported rows that were left out, beside the instructions of the others. */
export const importsLeftOutKey = (imports: string): string => imports.replace(/\.jsonl$/, '.left-out.jsonl');

/** A store folder of the views of a run's samples. */
export const samplesFolder = (run: string): string => `runs/${run}/samples`;

/** A store path of the view of one sample. */
export const sampleKey = (run: string, sample: string): string => `${samplesFolder(run)}/${sample}.json`;

/** A store folder of an assembled dataset. */
export const datasetFolder = (run: string, hash: string): string => `runs/${run}/dataset/${hash}`;

/** A store folder of one training: job, events, checkpoints, model. */
export const trainingFolder = (run: string, method: 'sft' | 'dpo', hash: string): string =>
  `${trainingsFolder(run, method)}/${hash}`;

/** A store folder of all trainings of a method. */
export const trainingsFolder = (run: string, method: 'sft' | 'dpo'): string => `runs/${run}/${method}`;

/** A store folder of the rows that a training alone was given. */
export const rowsFolder = (run: string, hash: string): string => `runs/${run}/rows/${hash}`;

/** A store folder of what a training's gate found: its verdict, and the answers that it rests on. */
export const gateFolder = (training: string): string => `${training}/gate`;

/** A store path of one model's answers to short prompts, shared by all runs. */
export const probeKey = (fingerprint: string): string => `probes/${fingerprint}.json`;

/** A store folder of completions, judgements and preference pairs. */
export const preferencesFolder = (run: string, hash: string): string => `runs/${run}/preferences/${hash}`;

/** A store folder of one evaluation of one model. */
export const evaluationFolder = (run: string, model: string, hash: string): string =>
  `runs/${run}/evaluations/${model}-${hash}`;

/** A store folder of completions whose judgements are frozen, judged again. */
export const calibrationFolder = (run: string, hash: string): string => `runs/${run}/evaluations/calibration-${hash}`;

/** A store path of the completions that a schedule's first firing froze with their judgements. */
export const frozenCalibrationKey = (run: string): string => `runs/${run}/calibration.jsonl`;

/** A store folder of what came of each firing of a schedule, one object each. */
export const firingsFolder = (run: string): string => `runs/${run}/firings`;

/** A store path of what came of the firing that was due at a time (ISO 8601). */
export const firingKey = (run: string, scheduledAt: string): string =>
  `${firingsFolder(run)}/${scheduledAt.replaceAll(':', '-')}.json`;

/** A store path of the report of one firing. */
export const firingReportKey = (run: string, scheduledAt: string): string =>
  `${firingsFolder(run)}/${scheduledAt.replaceAll(':', '-')}.html`;

/** A store path of a schedule's history page. */
export const historyKey = (run: string): string => `runs/${run}/history.html`;

/** A store path of all scores of a run's evaluations. */
export const scoresKey = (run: string): string => `runs/${run}/scores.json`;

/** A store path of a run's report as Markdown. */
export const markdownKey = (run: string): string => `runs/${run}/report.md`;

/** A store path of the lease of a run's served model: where it is up, and under which attempt. */
export const leaseKey = (run: string): string => `runs/${run}/lease.json`;

/** A store path of a run's report. */
export const reportKey = (run: string): string => `runs/${run}/report.html`;

/** A store path, inside a folder of completions, of the view of one completion. */
export const completionKey = (folder: string, prompt: string, completion: number): string =>
  `${folder}/completions/${prompt}-${completion}.json`;

/** A store path, inside a folder of completions, of one judgement of one completion. */
export const judgementKey = (folder: string, prompt: string, completion: number, judgement: JudgementName): string =>
  `${folder}/judgements/${prompt}-${completion}-${judgement}.json`;
