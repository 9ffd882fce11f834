import { addSpendings, NO_SPENDING } from '../domain/cost.ts';
import { selectionVerdictKey } from '../domain/keys.ts';
import { renderPrompt, SELECTION_PROMPT } from '../domain/prompts.ts';
import { stripThinking } from '../domain/response.ts';
import type { Spending } from '../domain/schemas/call.ts';
import type { SelectionVerdict } from '../domain/schemas/instruction.ts';
import { parseSelection, selectionSchema } from '../domain/selection.ts';
import type { KnownCall } from './calls.ts';
import type { ActivityDeps } from './deps.ts';
import { failure } from './failures.ts';
import { ModelError } from './io/model/model.ts';
import { jsonBytes } from './io/store/json.ts';
import { modelCall } from './model-call.ts';
import { readCandidate } from './read-candidates.ts';
import { modelIdentity, selectionSettings, type RunReference } from './run-files.ts';
import { callParameters } from './sampling.ts';
import { spendingOf } from './spending.ts';

export interface JudgeInstructionInput extends RunReference {
  /** Store folder of the candidates. */
  readonly folder: string;
  /** `<candidate>-<page>`. */
  readonly item: string;
  readonly draw: number;
  /** Calls of earlier draws that could not be read. */
  readonly earlier: readonly string[];
  /** Whether this is the last draw: one that cannot be read leaves the instruction out. */
  readonly last: boolean;
}

/** A verdict that is stored, or why the model is asked again. */
export type InstructionOutcome =
  | { readonly ok: true; readonly needsLongText?: boolean; readonly spending: Spending }
  | { readonly ok: false; readonly reason: string; readonly call: string; readonly spending: Spending };

/** Asks a model whether an instruction needs a long text. An answer that cannot be read is asked for again, never guessed. */
export async function judgeInstruction(deps: ActivityDeps, input: JudgeInstructionInput): Promise<InstructionOutcome> {
  const config = await deps.files.config(input);
  const settings = selectionSettings(config);
  const { model } = config.instructions;
  if (!model || settings === undefined) throw failure('Config.Invalid', 'instructions.model is not set');
  const { instruction } = await readCandidate(deps.store, input.folder, input.item);
  const earlier = await Promise.all(input.earlier.map((call) => deps.calls.read(call)));
  const store = async (
    verdict: Pick<SelectionVerdict, 'needsLongText' | 'reason'>,
    last?: KnownCall,
  ): Promise<InstructionOutcome> => {
    const all = last ? [...earlier, last] : earlier;
    const view: SelectionVerdict = {
      id: instruction.id,
      calls: all.map((call) => call.fingerprint),
      ...verdict,
      spending: addSpendings(...all.map((call) => spendingOf(config, input.run, call))),
    };
    await deps.store.putView(selectionVerdictKey(input.run, settings, instruction.id), jsonBytes(view));
    const { needsLongText } = verdict;
    const spending = last ? spendingOf(config, input.run, last) : NO_SPENDING;
    return { ok: true, ...(needsLongText === undefined ? {} : { needsLongText }), spending };
  };

  const template = config.prompts.selection === undefined ? undefined : await deps.files.text(config.prompts.selection);
  const values = { instruction: instruction.prompt, minWords: model.minWords };
  let call: Awaited<ReturnType<typeof modelCall>>;
  try {
    call = await modelCall(deps, input, model.endpoint, {
      model: modelIdentity(config, model.endpoint),
      messages: [{ role: 'user', content: renderPrompt(template ?? SELECTION_PROMPT, values) }],
      parameters: callParameters(model.sampling, model.mode === 'schema' ? selectionSchema() : undefined),
      draw: input.draw,
    });
  } catch (error) {
    // Among raw conversations there is always one that no window holds; it is no reason to stop at.
    if (error instanceof ModelError && error.problem === 'ContextExceeded')
      return store({ reason: "unreadable: longer than the model's window" });
    throw error;
  }
  const { stripThinking: strips } = config.endpoints[model.endpoint].dialect;
  const answer = parseSelection(strips ? stripThinking(call.answer.text) : call.answer.text);
  if (answer.ok) return store({ needsLongText: answer.needsLongText, reason: answer.reason }, call);
  if (input.last) return store({ reason: `unreadable: ${answer.reason}` }, call);
  const spending = spendingOf(config, input.run, call);
  return { ok: false, reason: answer.reason, call: call.fingerprint, spending };
}
