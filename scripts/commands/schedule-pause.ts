import { withSession } from '../connect.ts';
import { EXIT } from '../exit.ts';
import { openSchedule } from '../schedules.ts';

/** Stops a schedule’s firings; one that is under way goes on. */
export async function schedulePause(id: string, { json }: { readonly json?: boolean }): Promise<number> {
  return withSession(async ({ client }) => {
    const { handle } = await openSchedule(client, id);
    await handle.pause('paused by longwriter schedule pause');
    console.log(json ? JSON.stringify({ schedule: id, state: 'paused' }) : `schedule ${id} is paused`);
    return EXIT.done;
  });
}
