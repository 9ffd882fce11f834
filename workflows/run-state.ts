import {
  ApplicationFailure,
  condition,
  isCancellation,
  log,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import { addCosts, addSpendings, NO_SPENDING, type Budget } from '../domain/cost.ts';
import { STAGES, type Stage } from '../domain/names.ts';
import {
  shortMessage,
  timeLeft,
  type ProgressReport,
  type RunProgress,
  type StageProgress,
} from '../domain/progress.ts';
import { runDetails } from '../domain/run-details.ts';
import { addReasons } from '../domain/tally.ts';
import { trainingLine, UNKNOWN_TRAINING } from '../domain/training-progress.ts';
import { ListedState } from './attributes.ts';
import { failureBehind } from './failures.ts';
import { pausedSignal, progressQuery, progressSignal, resumedSignal, type PauseReason } from './messages.ts';
import { hearPauses } from './steps.ts';

interface StageState {
  state: StageProgress['state'];
  readonly parts: Map<string, ProgressReport>;
  /** Items of each group of parts. */
  readonly totals: Map<string, number>;
  startedAt: number;
  endedAt: number;
  /** When its first part told of itself, from which its pace counts. */
  countsFrom: number;
  /** Milliseconds of pauses since then. */
  paused: number;
  /** What it came to, in a few words. */
  detail: string;
}

/** What a run tells of itself: its stages, whether it is paused, and why. */
export class RunState {
  readonly #run: string;
  readonly #budget: Budget | undefined;
  readonly #stages = new Map<Stage, StageState>(
    STAGES.map((stage) => [
      stage,
      {
        state: 'waiting',
        parts: new Map(),
        totals: new Map(),
        startedAt: 0,
        endedAt: 0,
        countsFrom: 0,
        paused: 0,
        detail: '',
      },
    ]),
  );
  #pause: PauseReason | undefined;
  #pausedAt = 0;
  readonly #unattended: boolean;
  readonly #listed: ListedState;
  #end: { state: 'completed' | 'failed' | 'cancelled'; message: string } | undefined;

  /**
   * @param options.unattended whether nobody watches, so that a pause that no person asked for is a failure
   * @param options.attributes whether the namespace has our search attributes
   */
  constructor(
    run: string,
    budget: Budget | undefined,
    { unattended = false, attributes = false }: { readonly unattended?: boolean; readonly attributes?: boolean } = {},
  ) {
    this.#run = run;
    this.#listed = new ListedState(run, attributes);
    this.#unattended = unattended;
    this.#budget = budget;
    setHandler(progressQuery, () => this.progress());
    setHandler(progressSignal, (report) => {
      const current = this.#stages.get(report.stage)!;
      const { parts, totals } = current;
      if (report.found !== undefined && current.countsFrom === 0)
        Object.assign(current, { countsFrom: Date.now(), paused: 0 });
      const known = parts.get(report.part);
      totals.set(report.group, report.total);
      // Two signals of a partition may arrive in either order; those with a phase come in order.
      if (report.phase !== undefined || known?.total !== report.total || known.done <= report.done)
        parts.set(report.part, report);
      this.#show();
    });
    const pause = (reason: PauseReason) => this.#hold(reason);
    setHandler(pausedSignal, pause);
    hearPauses(pause);
    setHandler(resumedSignal, () => {
      if (this.#pause === undefined) return;
      this.#pause = undefined;
      for (const stage of this.#stages.values()) stage.paused += Date.now() - this.#pausedAt;
      this.#show();
    });
  }

  /** The failure that ends the run, where it was paused with nobody to resume it. */
  get broken(): ApplicationFailure | undefined {
    if (!this.#unattended || this.#pause === undefined || this.#pause.type === 'requested') return undefined;
    return ApplicationFailure.nonRetryable(this.#pause.message, this.#pause.type);
  }

  /** Waits while the run is paused. */
  async whileRunning(): Promise<void> {
    await condition(() => this.#pause === undefined);
  }

  /** Pauses the run from inside, and waits for its resumption. */
  async pauseUntilResumed(reason: PauseReason): Promise<void> {
    this.#hold(reason);
    await this.whileRunning();
  }

  #hold(reason: PauseReason): void {
    if (this.#pause === undefined) {
      log.warn('run paused', { run: this.#run, reason: reason.type, detail: reason.message });
      this.#pausedAt = Date.now();
    }
    this.#pause ??= reason;
    this.#show();
  }

  skip(stage: Stage): void {
    this.#stages.get(stage)!.state = 'skipped';
  }

  /** Marks a stage as running; returns the time. */
  begin(stage: Stage): string {
    const now = new Date();
    const current = this.#stages.get(stage)!;
    Object.assign(current, { state: 'running', startedAt: now.getTime() });
    // Until a worker takes it; with no GPU node up nothing else would say why nothing happens.
    if (stage === 'sft' || stage === 'dpo') current.parts.set('', waitingForNode(stage));
    this.#show();
    return now.toISOString();
  }

  /** Marks a stage as done, with what it came to; returns the time. */
  end(stage: Stage, detail: string): string {
    const now = new Date();
    Object.assign(this.#stages.get(stage)!, { state: 'done', endedAt: now.getTime(), detail });
    log.info('stage done', { run: this.#run, stage });
    this.#show();
    return now.toISOString();
  }

  fail(stage: Stage, error: unknown): void {
    this.#end = isCancellation(error)
      ? { state: 'cancelled', message: 'cancelled' }
      : { state: 'failed', message: failureBehind(error)?.message ?? String(error) };
    const detail = shortMessage(this.#end.message);
    Object.assign(this.#stages.get(stage)!, { state: 'failed', endedAt: Date.now(), detail });
    this.#show();
  }

  /** Marks the run as completed; samples that failed and were left out are told, not hidden. */
  complete(failed: number): void {
    const message = failed === 0 ? '' : `${failed} samples failed and were left out`;
    this.#end = { state: 'completed', message };
    this.#show();
  }

  progress(): RunProgress {
    const stages = [...this.#stages].map(([stage, current]) => {
      const shown = stageProgress(stage, current);
      const stopped = this.#pause && shown.state === 'running';
      return stopped ? { ...shown, detail: `paused: ${shortMessage(this.#pause!.message)}` } : shown;
    });
    const paused = this.#pause && { state: 'paused' as const, message: `${this.#pause.type}: ${this.#pause.message}` };
    return {
      run: this.#run,
      ...(this.#end ?? paused ?? { state: 'running', message: '' }),
      stages,
      paid: addCosts(...stages.map(({ spending }) => spending.paid)),
      ...(this.#budget ? { budget: this.#budget } : {}),
    };
  }

  #show(): void {
    const progress = this.progress();
    setCurrentDetails(runDetails(progress));
    this.#listed.show(progress);
  }
}

/** What a training says before a worker says more. */
function waitingForNode(stage: 'sft' | 'dpo'): ProgressReport {
  const phase = 'pending';
  return { stage, group: '', part: '', done: 0, total: 0, phase, detail: trainingLine({ ...UNKNOWN_TRAINING, phase }) };
}

/** What a stage is at, or what it came to, behind what its work said of its own end. */
function detailOf(detail: string, reports: readonly ProgressReport[]): string {
  if (detail === '') return reports.at(-1)?.detail ?? '';
  const own = reports.find(({ phase }) => phase === 'done')?.detail ?? '';
  return own === '' ? detail : `${own}; ${detail}`;
}

function stageProgress(stage: Stage, current: StageState): StageProgress {
  const { state, parts, totals, startedAt, endedAt, detail } = current;
  const reports = [...parts.values()];
  const last = reports.at(-1);
  const done = reports.reduce((sum, report) => sum + report.done, 0);
  const total = [...totals.values()].reduce((sum, items) => sum + items, 0);
  const secondsLeft = state === 'running' ? leftOf(current, done, total) : undefined;
  return {
    stage,
    state,
    ...{ done, total },
    ...(secondsLeft === undefined ? {} : { secondsLeft }),
    reasons: addReasons(...reports.map(({ reasons = {} }) => reasons)),
    ...(last?.phase === undefined ? {} : { phase: last.phase }),
    detail: detailOf(detail, reports),
    words: reports.reduce((sum, { words = 0 }) => sum + words, 0),
    spending: addSpendings(...reports.map(({ spending = NO_SPENDING }) => spending)),
    seconds: startedAt === 0 ? 0 : ((endedAt || Date.now()) - startedAt) / 1000,
  };
}

function leftOf({ parts, countsFrom, paused }: StageState, done: number, total: number): number | undefined {
  // What has phases, such as a training, says itself how long it still takes.
  if (countsFrom === 0) return undefined;
  const found = [...parts.values()].reduce((sum, report) => sum + (report.found ?? 0), 0);
  return timeLeft({ done, found, total, seconds: (Date.now() - countsFrom - paused) / 1000 });
}
