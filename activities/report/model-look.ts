/** How a model is shown wherever it stands: its name as people write it, its colour and its shape. */
export interface ModelLook {
  readonly label: string;
  /** Class of its key in the page: colour and shape. Never the model's name, which a user chose. */
  readonly key: string;
  readonly color: string;
  /** Its shape in a chart: models are told apart by it as well as by colour. */
  readonly symbol: string;
}

const OWN: Readonly<Record<string, { readonly label: string; readonly symbol: string }>> = {
  base: { label: 'base', symbol: 'circle' },
  sft: { label: 'SFT', symbol: 'rect' },
  dpo: { label: 'DPO', symbol: 'diamond' },
};

const SYMBOLS = ['triangle', 'circle', 'rect', 'diamond'] as const;

/** Colours that the style sheet has for models of other names; with more models they come again, in another shape. */
const COLORS = 7;

/** The look of each of some models, in their order: those of a run have their own, others one by their place. */
export function modelLooks(models: readonly string[]): ReadonlyMap<string, ModelLook> {
  const others = [...new Set(models)].filter((model) => !Object.hasOwn(OWN, model));
  const look = (model: string): ModelLook => {
    const own = Object.hasOwn(OWN, model) ? OWN[model] : undefined;
    if (own) return { ...own, key: `${model} ${own.symbol}`, color: `var(--${model})` };
    const place = others.indexOf(model);
    const symbol = SYMBOLS[place % SYMBOLS.length]!;
    return { label: model, key: `m${place % COLORS} ${symbol}`, color: `var(--m${place % COLORS})`, symbol };
  };
  return new Map(models.map((model) => [model, look(model)]));
}
