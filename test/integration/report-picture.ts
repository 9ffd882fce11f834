import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderReport } from '../../activities/report/report.ts';
import { PROJECT } from '../../configs/env.ts';
import { withPage } from './browser.ts';
import { LARGE_REPORT } from './report-data.ts';

/** The beginning of a report as a PNG, as wide as docs/ shows it. */
export function drawPicture(file: string): Promise<Buffer> {
  return withPage(file, (page) => page.screenshot({ type: 'png' }), {
    viewport: { width: 1040, height: 1280 },
    colorScheme: 'light',
  });
}

// Run by itself, it makes the picture that docs/ shows: node --import tsx test/integration/report-picture.ts
if (process.argv[1] === import.meta.filename) {
  const folder = await mkdtemp(join(tmpdir(), 'longwriter-picture-'));
  try {
    await writeFile(join(folder, 'report.html'), renderReport(LARGE_REPORT));
    await mkdir(join(PROJECT, 'docs/images'), { recursive: true });
    await writeFile(join(PROJECT, 'docs/images/report.png'), await drawPicture(join(folder, 'report.html')));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
