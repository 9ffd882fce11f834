import { EMBEDDED, isModelName } from '../domain/names.ts';
import { CommandError, EXIT } from './exit.ts';

/** What a person typed of the models to evaluate: options that may be repeated. */
export interface TypedModels {
  readonly model: readonly string[];
  readonly endpoint: readonly string[];
  readonly endpointKeyEnv: readonly string[];
  readonly predictions: readonly string[];
}

/** The models to evaluate by their names: where each lies, answers, or has left its answers. */
export interface NamedModels {
  readonly models: Readonly<Record<string, string>>;
  readonly endpoints: Readonly<
    Record<string, { provider: string; model: string; baseUrl: string; apiKeyEnv?: string }>
  >;
  readonly predictions: Readonly<Record<string, string>>;
}

const ENDPOINT = /^(?<model>.+)@(?<baseUrl>https?:\/\/.+|embedded)$/;

/** Reads `[NAME=]M`, `[NAME=]MODEL@URL`, `[NAME=]VARIABLE` and `[NAME=]FILE`. Fails with exit code 2, one line. */
export function readModels(typed: TypedModels): NamedModels {
  const keys = typed.endpointKeyEnv.map(splitName);
  const endpoints = typed.endpoint.map((text) => {
    const { name, rest } = splitName(text);
    const { model, baseUrl } = ENDPOINT.exec(rest)?.groups ?? {};
    if (model === undefined || baseUrl === undefined)
      throw new CommandError(EXIT.usage, `--endpoint ${text}: expected MODEL@URL, or NAME=MODEL@URL`);
    const id = name ?? nameOf(model, `--endpoint ${text}`);
    const apiKeyEnv = (keys.find((key) => key.name === id) ?? keys.find((key) => key.name === undefined))?.rest;
    return [
      id,
      { provider: providerOf(baseUrl), model, baseUrl, ...(apiKeyEnv === undefined ? {} : { apiKeyEnv }) },
    ] as const;
  });
  const stray = keys.find(({ name }) => name !== undefined && !endpoints.some(([id]) => id === name));
  if (stray) throw new CommandError(EXIT.usage, `--endpoint-key-env ${stray.name}=…: no --endpoint has that name`);
  const named = (option: string, texts: readonly string[]) =>
    texts.map((text) => {
      const { name, rest } = splitName(text);
      return [name ?? nameOf(rest, `${option} ${text}`), rest] as const;
    });
  const models = named('--model', typed.model);
  const predictions = named('--predictions', typed.predictions);
  const names = [...models, ...endpoints, ...predictions].map(([name]) => name);
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined)
    throw new CommandError(
      EXIT.usage,
      `two models are called ${twice}; name them, as in --model first=… --model other=…`,
    );
  if (names.length === 0)
    throw new CommandError(EXIT.usage, 'nothing to evaluate: give --model, --endpoint or --predictions');
  return {
    models: Object.fromEntries(models),
    endpoints: Object.fromEntries(endpoints),
    predictions: Object.fromEntries(predictions),
  };
}

/** Who serves a model, by its address: answers of one server are not those of another that calls its model the same. */
export function providerOf(baseUrl: string): string {
  if (baseUrl === EMBEDDED) return baseUrl;
  const host = URL.canParse(baseUrl) ? new URL(baseUrl).host : '';
  if (host === '') throw new CommandError(EXIT.usage, `${baseUrl}: is no URL`);
  return host === 'api.openai.com' ? 'openai' : host;
}

/** A name before an equals sign, where what stands there can be one. */
function splitName(text: string): { readonly name: string | undefined; readonly rest: string } {
  const [, name, rest] = /^([a-z0-9-]{1,40})=(.+)$/s.exec(text) ?? [];
  return name === undefined ? { name, rest: text } : { name, rest: rest! };
}

/** A name for what has none: its last part in lower case, or run and stage of `RUN:sft`. */
function nameOf(place: string, option: string): string {
  const last = place.replace(/\/+$/, '').split('/').at(-1)!;
  const name = last
    .replace(/\.jsonl$|\.parquet$/, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  if (isModelName(name)) return name;
  throw new CommandError(EXIT.usage, `${option}: no name can be made of it; write NAME=…, of a-z, 0-9 and "-"`);
}
