import { providerOf } from './evaluated-models.ts';
import { CommandError, EXIT } from './exit.ts';

/** How to ask and judge, as a person typed it: of an evaluation, and of a schedule's firings. */
export interface TypedJudging {
  readonly sha256?: string;
  readonly judgeUrl?: string;
  readonly judgeModel?: string;
  readonly judgeKeyEnv?: string;
  readonly completions?: string;
  readonly judgements?: string;
  readonly limit?: string;
}

/** What was typed as overrides of a configuration. Fails with exit code 2 on what cannot be. */
export function judgingOverrides(typed: TypedJudging): string[] {
  const settings = {
    sha256: typed.sha256?.toLowerCase(),
    completions: countOf(typed, 'completions'),
    judgements: countOf(typed, 'judgements'),
    limit: countOf(typed, 'limit'),
  };
  return [
    ...judgeOverrides(typed),
    ...Object.entries(settings).flatMap(([key, value]) =>
      value === undefined ? [] : [`evaluation.${key}=${JSON.stringify(value)}`],
    ),
  ];
}

/** The judge that was typed: another address has another key, and never gets the one of the configuration. */
function judgeOverrides({ judgeUrl, judgeModel, judgeKeyEnv }: TypedJudging): string[] {
  if (judgeUrl === undefined)
    return Object.entries({ model: judgeModel, apiKeyEnv: judgeKeyEnv }).flatMap(([key, value]) =>
      value === undefined ? [] : [`endpoints.judge.${key}=${JSON.stringify(value)}`],
    );
  if (judgeModel === undefined) throw new CommandError(EXIT.usage, '--judge-url needs --judge-model, its name there');
  const judge = {
    provider: providerOf(judgeUrl),
    model: judgeModel,
    baseUrl: judgeUrl,
    ...(judgeKeyEnv ? { apiKeyEnv: judgeKeyEnv } : {}),
  };
  return [`endpoints.judge=${JSON.stringify(judge)}`];
}

function countOf(typed: TypedJudging, name: 'completions' | 'judgements' | 'limit'): number | undefined {
  const text = typed[name];
  if (text === undefined) return undefined;
  const least = name === 'judgements' ? 0 : 1;
  if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
  throw new CommandError(EXIT.usage, `--${name} ${text}: expected a whole number${least === 0 ? '' : ' above 0'}`);
}
