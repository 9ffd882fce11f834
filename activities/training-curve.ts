import type { TrainerEvent } from '../domain/schemas/trainer.ts';
import type { ReportData } from './report/data.ts';
import type { StepValue } from './report/thin.ts';

type Curve = Omit<ReportData['trainings'][number], 'method' | 'rows' | 'gate'>;
type StepEnd = TrainerEvent & { event: 'step-end' };

/**
 * What a training's events say of it as a whole. A resumed training repeats the steps after its checkpoint; the last word
 * on a step counts. What the events do not say is absent.
 */
export function readCurve(events: readonly TrainerEvent[]): Curve {
  const last = new Map<number, StepEnd>();
  for (const event of events) if (event.event === 'step-end') last.set(event.step, event);
  const steps = [...last.values()].toSorted((a, b) => a.step - b.step);
  const times = events.map(({ time }) => Date.parse(time)).filter((time) => !Number.isNaN(time));
  const start = events.findLast(({ event }) => event === 'run-start');
  const speed = median(numbers(steps.map(({ tokens_per_second: speedOfStep }) => speedOfStep)));
  const memory = numbers(steps.map(({ memory_bytes: bytes }) => bytes));
  const accuracies = series(steps, (event) => metric(event, 'rewards/accuracies'));
  const margins = series(steps, (event) => metric(event, 'rewards/margins'));
  return {
    steps: events.reduce((most, { step }) => Math.max(most, step), 0),
    seconds: times.length === 0 ? 0 : (largest(times) + largest(times.map((time) => -time))) / 1000,
    losses: series(steps, ({ loss }) => loss),
    ...(speed === undefined ? {} : { tokensPerSecond: speed }),
    ...(memory.length === 0 ? {} : { memoryBytes: largest(memory) }),
    ...countOf(start, 'skipped_rows', 'skippedRows'),
    ...countOf(start, 'cut_rows', 'cutRows'),
    ...countOf(start, 'padding_share', 'paddingShare'),
    ...(accuracies.length === 0 ? {} : { accuracies }),
    ...(margins.length === 0 ? {} : { margins }),
  };
}

function series(steps: readonly StepEnd[], valueOf: (event: StepEnd) => unknown): StepValue[] {
  return steps.flatMap((event) => {
    const value = valueOf(event);
    return typeof value === 'number' ? [{ step: event.step, value }] : [];
  });
}

/** A number that TRL logged, under its own name. */
function metric(event: StepEnd, name: string): unknown {
  return (event['metrics'] as Record<string, unknown> | undefined)?.[name];
}

function countOf<Name extends 'skippedRows' | 'cutRows' | 'paddingShare'>(
  event: TrainerEvent | undefined,
  key: string,
  name: Name,
): { readonly [N in Name]?: number } {
  const value = event?.[key];
  return typeof value === 'number' ? ({ [name]: value } as { readonly [N in Name]?: number }) : {};
}

function numbers(values: readonly unknown[]): number[] {
  return values.filter((value) => typeof value === 'number');
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), -Infinity);
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? sorted[middle]
    : sorted.length === 0
      ? undefined
      : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
