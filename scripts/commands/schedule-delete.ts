import { withSession } from '../connect.ts';
import { EXIT } from '../exit.ts';
import { openSchedule } from '../schedules.ts';

/** Ends a schedule; what its firings made stays in the store. */
export async function scheduleDelete(id: string, { json }: { readonly json?: boolean }): Promise<number> {
  return withSession(async ({ client }) => {
    const { handle } = await openSchedule(client, id);
    await handle.delete();
    console.log(
      json
        ? JSON.stringify({ schedule: id, state: 'deleted' })
        : `schedule ${id} is deleted; its firings stay in the store`,
    );
    return EXIT.done;
  });
}
