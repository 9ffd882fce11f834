import { readFirings } from '../../activities/io/store/firings.ts';
import { historyKey } from '../../domain/keys.ts';
import type { Estimate } from '../../domain/schemas/evaluation.ts';
import { withSession } from '../connect.ts';
import { EXIT } from '../exit.ts';
import { openSchedule } from '../schedules.ts';
import { columns, printableJson, printableLine } from '../terminal.ts';

/** Shows a schedule and what came of each of its firings. */
export async function scheduleShow(id: string, { json }: { readonly json?: boolean }): Promise<number> {
  return withSession(async ({ client, store }) => {
    const { described, memo } = await openSchedule(client, id);
    const firings = await readFirings(store, id);
    const { paused, note } = described.state;
    const { numActionsSkippedOverlap: skipped, nextActionTimes, runningActions } = described.info;
    const underWay = runningActions.length > 0;
    const next = paused ? undefined : nextActionTimes[0]?.toISOString();
    if (json) {
      console.log(printableJson({ schedule: id, ...memo, paused, note, next, underWay, skipped, firings }));
      return EXIT.done;
    }
    console.log(
      `schedule ${id} of ${memo.of}: ${memo.models}, ${memo.when}; ${paused ? `paused: ${printableLine(note ?? '', 400)}` : `next ${next ?? '–'}`}`,
    );
    if (underWay) console.log(`a firing is under way; longwriter status ${id} tells how far it is`);
    else if (firings.length === 0) console.log('it has not fired yet');
    for (const { scheduledAt, outcome, message } of firings)
      console.log(`${scheduledAt}  ${outcome}: ${printableLine(message, 400)}`);
    const scores = firings.flatMap(({ scheduledAt, models }) =>
      models.map((one) => [scheduledAt, one.model, ...[one.overall, one.lengthScore, one.qualityScore].map(shown)]),
    );
    if (scores.length > 0)
      for (const line of columns([['due', 'model', 'S̄', 'S_l', 'S_q'], ...scores])) console.log(line);
    if (await store.find(historyKey(id))) console.log(`history: ${store.url}/${historyKey(id)}`);
    return EXIT.done;
  });
}

function shown({ mean, low, high }: Estimate): string {
  if (mean === null) return '–';
  return low === null || high === null
    ? mean.toFixed(1)
    : `${mean.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`;
}
