import type { RunConfig } from '../configs/schema.ts';
import { fingerprint8, sha256Hex } from '../domain/fingerprint.ts';
import { judgeWordsHash } from '../domain/judge-prompt.ts';
import { JUDGE_PROMPT } from '../domain/prompts.ts';
import { IMPORTED_JUDGE, type JudgeSettings } from '../domain/schemas/evaluation.ts';
import { modelIdentity, type RunFiles } from './run-files.ts';

/** The prompt that the judge is asked by: the user's own, or ours. */
export async function judgeTemplate(files: RunFiles, { prompts }: RunConfig): Promise<string> {
  return prompts.judge === undefined ? JUDGE_PROMPT : files.text(prompts.judge);
}

/**
 * Who judges, and how, as every result says it; a prompt is told by its hash alone.
 * @param judgements of each completion
 */
export async function judgeSettings(files: RunFiles, config: RunConfig, judgements: number): Promise<JudgeSettings> {
  const isOwn = config.prompts.judge !== undefined;
  const hash = isOwn ? sha256Hex(await judgeTemplate(files, config)) : judgeWordsHash();
  return {
    model: modelIdentity(config, 'judge'),
    temperature: config.judge.sampling.temperature,
    promptHash: hash.slice(0, 16),
    ...(isOwn ? { ownPrompt: true } : {}),
    settingsHash: fingerprint8({ sampling: config.judge.sampling, mode: config.judge.mode }),
    judgements,
    windowWords: config.judge.windowWords,
  };
}

/** What is known of a judge whose scores were imported. */
export const UNKNOWN_JUDGE: JudgeSettings = {
  model: IMPORTED_JUDGE,
  temperature: null,
  promptHash: 'not known',
  judgements: 1,
  windowWords: 0,
};

/** Everything that decides what the judge says of a text, for the names of folders. */
export function judgingSettings(config: RunConfig): object {
  return {
    ...config.judge,
    model: modelIdentity(config, 'judge'),
    prompt: config.prompts.judge ?? null,
    words: judgeWordsHash(),
    stripThinking: config.endpoints.judge.dialect.stripThinking,
  };
}
