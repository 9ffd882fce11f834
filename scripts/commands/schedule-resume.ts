import { withSession } from '../connect.ts';
import { EXIT } from '../exit.ts';
import { openSchedule } from '../schedules.ts';

/** Lets a schedule fire again. */
export async function scheduleResume(id: string, { json }: { readonly json?: boolean }): Promise<number> {
  return withSession(async ({ client }) => {
    const { handle } = await openSchedule(client, id);
    await handle.unpause('resumed by longwriter schedule resume');
    console.log(json ? JSON.stringify({ schedule: id, state: 'resumed' }) : `schedule ${id} fires again`);
    return EXIT.done;
  });
}
