import type { createLogUpdate } from 'log-update';
import pico from 'picocolors';
import type { Colors } from 'picocolors/types.js';
import { readTerminal } from '../configs/env.ts';
import { paidLine, stageLine, type StageProgress } from '../domain/progress.ts';
import { roughTime } from '../domain/rough-time.ts';
import { followTimeLeft, meanTimeLeft, progressLines } from './progress-lines.ts';
import type { RunStatus } from './run-progress.ts';
import { printable, printableJson, widthOf } from './terminal.ts';

/** Steps between two lines of a stage that counts, as a share of its total. */
const SHARE = 0.1;

/** Columns where a terminal does not say. */
const COLUMNS = 80;

/** How somebody who follows a run is shown it. */
export interface ProgressView {
  show(progress: RunStatus): void;
  /** What was shown last stays. */
  end(): void;
}

type Print = (line: string) => void;

const printLine: Print = (line) => console.log(line);

/** The view that fits standard output: bars that are drawn over on a terminal, lines elsewhere, with `json` objects. */
export async function chooseView(json: boolean): Promise<ProgressView> {
  if (json) return jsonView(printLine);
  const { live, colour } = readTerminal(process.stdout.isTTY);
  if (!live) return plainView(printLine);
  // Loaded where something is drawn: a single look need not wait for it.
  const { createLogUpdate: createUpdate } = await import('log-update');
  return liveView(process.stdout, pico.createColors(colour), createUpdate);
}

/** Prints how far a run is once, as `chooseView` would show it. */
export function printProgress(progress: RunStatus): void {
  const { live, colour } = readTerminal(process.stdout.isTTY);
  const { run, state, message, elapsedSeconds, stages } = progress;
  const lines = live
    ? progressLines(progress, process.stdout.columns || COLUMNS, pico.createColors(colour), meanTimeLeft)
    : [
        [`run ${run}: ${state}`, roughTime(elapsedSeconds), ...(message === '' ? [] : [message])].join(', '),
        ...stages.map((stage) => plainLine(stage, meanTimeLeft(stage))),
        ...[paidText(progress) ?? [], progress.next ?? []].flat(),
      ].map(printable);
  for (const line of lines) printLine(line);
}

function paidText(progress: RunStatus): string | undefined {
  const line = paidLine(progress);
  return progress.paidAtLeast ? line?.replace('paid for', 'paid for at least') : line;
}

function plainLine(stage: StageProgress, left: number | undefined): string {
  return left === undefined ? stageLine(stage) : `${stageLine(stage)}, ${roughTime(left)} left`;
}

/** One object a line, one for each look. */
function jsonView(print: Print): ProgressView {
  return { show: (progress) => print(printableJson(progress)), end: () => undefined };
}

/** A line whenever a stage or its phase changes, or it has gone on by a tenth. */
export function plainView(print: Print): ProgressView {
  const printed = new Map<string, string>();
  let message = '';
  let next: string | undefined;
  return {
    show(progress) {
      for (const stage of progress.stages) {
        if (stage.state === 'waiting' || stage.state === 'skipped') continue;
        const tenth = stage.total === 0 ? 0 : Math.floor(stage.done / (stage.total * SHARE));
        const key = `${stage.state} ${stage.phase ?? ''} ${tenth}`;
        if (printed.get(stage.stage) !== key) print(printable(stageLine(stage)));
        printed.set(stage.stage, key);
      }
      if (progress.message !== message && progress.message !== '')
        print(printable(`${progress.state}: ${progress.message}`));
      message = progress.message;
      if (progress.next !== undefined && progress.next !== next) print(progress.next);
      ({ next } = progress);
    },
    end: () => undefined,
  };
}

/** Bars that are drawn over in place, also when the terminal is made narrower. */
function liveView(stream: NodeJS.WriteStream, colours: Colors, createUpdate: typeof createLogUpdate): ProgressView {
  const timeLeft = followTimeLeft();
  // The cursor stays visible, so that there is nothing to restore however this ends.
  const update = createUpdate(stream, { showCursor: true });
  let shown: RunStatus | undefined;
  let widths: readonly number[] = [];
  const draw = () => {
    if (!shown) return;
    const columns = stream.columns || COLUMNS;
    widths = progressLines(shown, columns, pico.createColors(false), timeLeft).map(widthOf);
    update(progressLines(shown, columns, colours, timeLeft).join('\n'));
  };
  const resize = () => {
    // A terminal breaks what it already shows into more lines when it gets narrower.
    const rows = widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / (stream.columns || COLUMNS))), 0);
    update.done();
    stream.write(`\r\u001b[${rows}A\u001b[J`);
    draw();
  };
  stream.on('resize', resize);
  return {
    show(progress) {
      shown = progress;
      draw();
    },
    end() {
      stream.off('resize', resize);
      update.done();
    },
  };
}
