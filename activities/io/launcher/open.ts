import type { LauncherSettings } from '../../../configs/training.ts';
import type { Launcher } from './launcher.ts';
import { localLauncher } from './local.ts';
import { slurmLauncher } from './slurm.ts';

/**
 * The launcher of a configuration.
 *
 * @param registry folder of records of the processes that this machine started
 */
export function openLauncher(settings: LauncherSettings, registry: string): Launcher {
  switch (settings.kind) {
    case 'local':
      return localLauncher(registry);
    case 'slurm':
      return slurmLauncher(settings);
  }
}
