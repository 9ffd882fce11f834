import { readFirings } from '../../activities/io/store/firings.ts';
import { withSession } from '../connect.ts';
import { EXIT } from '../exit.ts';
import { FIRING_WORKFLOW, ScheduleMemo } from '../schedules.ts';
import { columns } from '../terminal.ts';

/** Lists the schedules with what came of their last firings, by id. */
export async function scheduleList({ json }: { readonly json?: boolean }): Promise<number> {
  return withSession(async ({ client, store }) => {
    const rows = [];
    for await (const { scheduleId: schedule, memo, action, state, info } of client.schedule.list()) {
      const noted = ScheduleMemo.safeParse(memo);
      if (action?.workflowType !== FIRING_WORKFLOW || !noted.success) continue;
      const { when, models, of } = noted.data;
      const last = (await readFirings(store, schedule)).at(-1);
      const next = state.paused ? undefined : info.nextActionTimes[0]?.toISOString();
      rows.push({ schedule, run: of, models, when, paused: state.paused, note: state.note, next, last });
    }
    rows.sort((a, b) => (a.schedule < b.schedule ? -1 : 1));
    if (json) console.log(JSON.stringify(rows));
    else if (rows.length === 0) console.log('there are no schedules');
    else {
      const head = ['schedule', 'run', 'models', 'when', 'next', 'last'];
      const told = rows.map(({ schedule, run, models, when, paused, next, last }) => [
        ...[schedule, run, models, when, paused ? 'paused' : (next ?? '–')],
        last ? `${last.outcome} ${last.scheduledAt}` : '–',
      ]);
      for (const line of columns([head, ...told])) console.log(line);
    }
    return EXIT.done;
  });
}
