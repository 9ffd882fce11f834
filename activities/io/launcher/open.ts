import type { LauncherSettings } from '../../../configs/training.ts';
import { LauncherError, type Launcher } from './launcher.ts';
import { localLauncher } from './local.ts';

/**
 * The launcher of a configuration.
 *
 * @param registry folder of records of the processes that this machine started
 */
export function openLauncher(settings: LauncherSettings, registry: string): Launcher {
  if (settings.kind === 'local') return localLauncher(registry);
  throw new LauncherError('Unavailable', 'this worker cannot submit Slurm jobs');
}
