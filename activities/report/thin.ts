/** A value at an optimizer step. */
export interface StepValue {
  readonly step: number;
  readonly value: number;
}

/**
 * Values as a chart can show them: where there are more than `most`, each is the mean of `every` values that follow one
 * another, at the last step of them.
 *
 * @param values in order of their steps
 */
export function thin(
  values: readonly StepValue[],
  most: number,
): { readonly every: number; readonly values: readonly StepValue[] } {
  const every = Math.max(1, Math.ceil(values.length / most));
  if (every === 1) return { every, values };
  const thinned = Array.from({ length: Math.ceil(values.length / every) }, (_, index) => {
    const group = values.slice(index * every, (index + 1) * every);
    return { step: group.at(-1)!.step, value: group.reduce((sum, { value }) => sum + value, 0) / group.length };
  });
  return { every, values: thinned };
}
