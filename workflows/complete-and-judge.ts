import { setCurrentDetails } from '@temporalio/workflow';
import type { Fresh, PromptFolder } from '../activities/list-prompts.ts';
import { addSpendings, NO_SPENDING } from '../domain/cost.ts';
import type { Spending } from '../domain/schemas/call.ts';
import type { ModelReference } from '../domain/schemas/run.ts';
import { announceParts, judgementsOf, workOnPart, type FolderPart, type FolderWork } from './folder-part.ts';
import { assembly } from './proxies.ts';
import { pausable } from './steps.ts';
import { whileServed } from './while-served.ts';

/** What completing and judging a folder of prompts needs to know. */
export interface CompleteAndJudgeInput extends FolderWork {
  readonly model: ModelReference;
  /** What is asked anew, whatever is stored. */
  readonly fresh?: Fresh;
  /** Minutes until a served model must be up. */
  readonly waitLimitMinutes?: number;
}

/**
 * Asks a model for all completions of a folder, then has them judged where judgements are asked for; returns what that took.
 * What lies as weights is served for that and taken down before the judging; answers that were imported are judged only.
 */
export async function completeAndJudge(input: CompleteAndJudgeInput, prompts: PromptFolder): Promise<Spending> {
  const { run, revision, model, fresh, waitLimitMinutes } = input;
  const completions = completionsOf(model.name, prompts, fresh?.completions);
  const judgements = judgementsOf(model.name, prompts, fresh?.judgements);
  const isImported = model.location.kind === 'predictions';
  const isJudged = prompts.judgements > 0;
  await announceParts(input, [...(isImported ? [] : [completions]), ...(isJudged ? [judgements] : [])]);
  const ask = () => {
    setCurrentDetails(`Asking the **${model.name}** model for ${completions.count} completions.`);
    return workOnPart(input, completions, model.identity);
  };
  const isBehindEndpoint = model.location.kind === 'endpoint';
  // A firing that asks only the judge, or a resume during the judging, finds all answers: nobody waits for a GPU node then.
  const serveAndAsk = async () => {
    const place = { run, revision, purpose: input.purpose, folder: prompts.folder, model: model.identity };
    const { missing } = await pausable(run, () =>
      assembly.restoreCompletions({
        ...place,
        completions: prompts.completions,
        ...(fresh?.completions === undefined ? {} : { fresh: fresh.completions }),
      }),
    );
    setCurrentDetails(`${missing} completions are missing; waiting until the **${model.name}** model is served.`);
    return missing === 0 ? ask() : whileServed({ run, revision, model, waitLimitMinutes }, ask);
  };
  const completed = isImported ? NO_SPENDING : await (isBehindEndpoint ? ask() : serveAndAsk());
  if (!isJudged) return completed;
  setCurrentDetails(`Judging ${judgements.count} completions of the **${model.name}** model.`);
  const spending = addSpendings(completed, await workOnPart(input, judgements, model.identity));
  setCurrentDetails(`${judgements.count} completions of the **${model.name}** model are judged.`);
  return spending;
}

function completionsOf(of: string, prompts: PromptFolder, fresh: string | undefined): FolderPart {
  const { folder, completions } = prompts;
  return {
    of,
    count: prompts.imported?.completions ?? prompts.prompts * completions,
    work: { kind: 'completions', folder, completions, ...(fresh === undefined ? {} : { fresh }) },
  };
}
