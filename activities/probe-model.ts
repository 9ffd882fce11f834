import { readFile, rm } from 'node:fs/promises';
import type { RunConfig } from '../configs/schema.ts';
import { fingerprint, sha256Hex } from '../domain/fingerprint.ts';
import { gateFolder, probeKey } from '../domain/keys.ts';
import { judgeModel, scoreAnswer, summarizeProbe, type ScoredAnswer } from '../domain/model-gate.ts';
import { BenchmarkRow } from '../domain/schemas/instruction.ts';
import { Probe, type ModelGate } from '../domain/schemas/probe.ts';
import type { ProgressReport } from '../domain/progress.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { writeFolder } from './folder.ts';
import { whileBeating } from './heartbeat.ts';
import { findJson, jsonBytes, jsonLinesBytes, parseJsonLines } from './io/store/json.ts';
import { StoreError } from './io/store/store.ts';
import { pauseOnFullDisk } from './pause-on-full-disk.ts';
import { answersFile, prepareProbe, type ModelToProbe } from './probe-job.ts';
import type { RunReference } from './run-files.ts';
import { whileSubmitted, type JobCare } from './submitted-job.ts';
import { tellRun } from './tell-run.ts';
import { watchJob } from './watch-job.ts';

export interface ProbeModelInput extends RunReference {
  readonly trained: ModelReference;
  /** The model that the training began with. */
  readonly base: ModelReference;
  /** Store folder of the training. */
  readonly folder: string;
}

interface ShortPrompt {
  readonly id: string;
  readonly text: string;
  readonly required: number;
}

/** Milliseconds that a cancelled probe has to end; it saves nothing. */
const GRACE_MS = 5_000;

/**
 * The gate behind a training: asks the trained model, and the one that it was trained from, the short prompts, and says
 * whether the trained one still answers. A model is asked once in a store; the verdict is made anew from the answers, so
 * that another limit costs nothing. Fails with the Trainer.* failures, such as where stock Transformers cannot load it.
 */
export function probeModel(deps: ActivityDeps, input: ProbeModelInput): Promise<ModelGate> {
  return pauseOnFullDisk(deps, input.run, () => findOrProbe(deps, input));
}

function findOrProbe(deps: ActivityDeps, input: ProbeModelInput): Promise<ModelGate> {
  return whileBeating(async (signal) => {
    const config = await deps.files.config(input);
    const prompts = await shortPrompts(deps, config);
    const toProbe = (model: ModelReference) => ({ model, key: keyOf(config, model, prompts) });
    const [trained, base] = [toProbe(input.trained), toProbe(input.base)];
    await probeUnknown(deps, config, input, [trained, base], prompts, signal);
    const answers = await Promise.all([trained, base].map(({ key }) => scoredAnswers(deps, key, prompts)));
    const [ofTrained = [], ofBase = []] = answers;
    const { command: _command, promote: _promote, ...settings } = config.gates.model;
    const gate = judgeModel(summarizeProbe(ofTrained), summarizeProbe(ofBase), settings);
    const rows = [
      ...ofTrained.map((answer) => ({ model: input.trained.name, ...answer })),
      ...ofBase.map((answer) => ({ model: input.base.name, ...answer })),
    ];
    await writeFolder(
      deps.store,
      gateFolder(input.folder),
      fingerprint([trained.key, base.key, settings]),
      [
        { path: 'gate.json', bytes: jsonBytes({ ...gate, settings, probes: [trained.key, base.key] }) },
        { path: 'answers.jsonl', bytes: jsonLinesBytes(rows), rows: rows.length },
      ],
      {},
    );
    return gate;
  });
}

async function shortPrompts(deps: ActivityDeps, config: RunConfig): Promise<ShortPrompt[]> {
  const { prompts: key, limit } = config.gates.model;
  if (key === undefined) throw failure('Config.Invalid', 'gates.model.prompts names no file');
  return parseJsonLines(key, await deps.files.text(key), BenchmarkRow)
    .slice(0, limit)
    .map(({ prompt, length }) => ({ id: sha256Hex(prompt).slice(0, 16), text: prompt, required: length }));
}

/** Where a model's answers are: by everything that decides them but the machine. */
function keyOf(config: RunConfig, model: ModelReference, prompts: readonly ShortPrompt[]): string {
  const { sampling, batchSize } = config.gates.model;
  const chatTemplate = config.training.chatTemplate ?? null;
  const texts = prompts.map(({ text }) => text);
  return probeKey(fingerprint({ model: model.identity, texts, sampling, batchSize, chatTemplate, seed: config.seed }));
}

/** Asks the models whose answers are not in the store, in one job, and puts the answers there. */
async function probeUnknown(
  deps: ActivityDeps,
  config: RunConfig,
  { run, trained }: ProbeModelInput,
  models: readonly ModelToProbe[],
  prompts: readonly ShortPrompt[],
  signal: AbortSignal,
): Promise<void> {
  const found = await Promise.all(models.map(({ key }) => deps.store.find(key)));
  const unknown = models.filter((_, index) => found[index] === undefined);
  if (unknown.length === 0) return;
  await deps.gate.waitUntilOpen(run, signal);
  const asked = prompts.map(({ id, text }) => ({ id, text }));
  const job = await prepareProbe(deps, config, run, unknown, asked);
  const care: JobCare = {
    graceMs: GRACE_MS,
    outlivesWorker: true,
    onChange: async ({ state, detail = '' }) => {
      if ((trained.name !== 'sft' && trained.name !== 'dpo') || (state !== 'pending' && state !== 'running')) return;
      const what = state === 'pending' ? `short prompts: waiting for a GPU node ${detail}` : 'answering short prompts';
      const part: Omit<ProgressReport, 'phase' | 'detail'> = {
        stage: trained.name,
        group: 'gate',
        part: 'gate',
        done: 0,
        total: 0,
      };
      await tellRun(run, { ...part, phase: 'gate', detail: what.trimEnd() });
    },
  };
  const stallMs = config.training.stallMinutes * 60_000;
  await whileSubmitted(deps.launchers(config.training.launcher), job, care, (launcher) =>
    watchJob(launcher, job, { stallMs, signal, onEvent: async () => undefined }),
  );
  for (const model of unknown) {
    const probe = Probe.parse(JSON.parse(await readFile(answersFile(job, model), 'utf8')));
    await deps.store.createIfAbsent(model.key, jsonBytes(probe));
  }
  await rm(job.folder, { recursive: true, force: true });
}

async function scoredAnswers(
  deps: ActivityDeps,
  key: string,
  prompts: readonly ShortPrompt[],
): Promise<ScoredAnswer[]> {
  const probe = await findJson(deps.store, key, Probe);
  return prompts.map(({ id, required }) => {
    const answer = probe?.answers.find(({ prompt }) => prompt === id);
    if (!answer) throw new StoreError('Missing', `${key} holds no answer to prompt ${id}`);
    return scoreAnswer(answer, required);
  });
}
