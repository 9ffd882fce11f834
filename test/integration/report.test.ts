import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderReport } from '../../activities/report/report.ts';
import { missing } from '../parts.ts';
import { withPage } from './browser.ts';
import { HOSTILE_REPORT, HOSTILE_TEXTS, LARGE_REPORT } from './report-data.ts';
import { drawPicture } from './report-picture.ts';

/** How far the page, and anything in it that does not scroll by itself, is wider than the screen. */
const OVERFLOW = `(() => {
  const width = document.documentElement.clientWidth;
  const inBox = (element) => element.closest('.scroll, svg') !== null;
  return Math.max(
    document.documentElement.scrollWidth - width,
    ...[...document.querySelectorAll('.prompt, .answer')].map((one) => one.scrollWidth - one.clientWidth),
    ...[...document.querySelectorAll('main *')].filter((one) => !inBox(one)).map((one) => Math.ceil(one.getBoundingClientRect().right) - width),
  );
})()`;

describe.skipIf(missing('chromium'))('the report of a run, in a browser', () => {
  let folder: string;
  const file = (name: string): string => join(folder, `${name}.html`);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-report-page-'));
    await writeFile(file('large'), renderReport(LARGE_REPORT));
    await writeFile(file('hostile'), renderReport(HOSTILE_REPORT));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('shows the numbers of scores.json without a network, and draws its charts', async () => {
    await withPage(file('large'), async (page, complaints) => {
      const cells = (await page.locator('td').allInnerTexts()).map((text) => text.split('\n')[0]);
      for (const { overall, buckets } of LARGE_REPORT.evaluations)
        for (const summary of [overall, ...Object.values(buckets)])
          for (const score of [summary.overall, summary.lengthScore, summary.qualityScore])
            expect(cells).toContain(score.mean!.toFixed(1));
      for (const { lengthScore } of LARGE_REPORT.comparisons)
        expect(cells).toContain(`${lengthScore.mean! < 0 ? '−' : '+'}${Math.abs(lengthScore.mean!).toFixed(1)}`);
      expect(await page.locator('svg[role=img] path').count()).toBeGreaterThan(100);
      expect(complaints).toEqual([]);
    });
  });

  test.each([
    [360, 'light'],
    [360, 'dark'],
    [1280, 'light'],
  ] as const)('has nothing outside a screen of %i pixels, %s, whatever stands in it', async (width, colorScheme) => {
    for (const name of ['large', 'hostile'])
      await withPage(
        file(name),
        async (page) => {
          await page.evaluate(`document.querySelectorAll('details').forEach((one) => { one.open = true; })`);
          expect(await page.evaluate(OVERFLOW)).toBeLessThanOrEqual(0);
        },
        { viewport: { width, height: 740 }, colorScheme },
      );
  });

  test('runs nothing of a hostile answer, keeps what follows in its place, and cuts it', async () => {
    await withPage(file('hostile'), async (page, complaints) => {
      await page.evaluate(`document.querySelectorAll('details').forEach((one) => { one.open = true; })`);
      expect(await page.evaluate(`[typeof window.escaped, document.images.length, document.scripts.length]`)).toEqual([
        'undefined',
        0,
        0,
      ]);
      const answers = await page.locator('.answer').allInnerTexts();
      expect(answers).toHaveLength(3 * HOSTILE_TEXTS.length);
      expect(answers[0]).toBe(HOSTILE_TEXTS[0]);
      expect(answers[1]).toMatch(/^a{8000}$/);
      expect(answers[3]).toContain('␛[2J␀␇\ufffd');
      const footer = page.locator('footer');
      expect(await page.evaluate(`getComputedStyle(document.querySelector('footer')).direction`)).toBe('ltr');
      expect(await footer.innerText()).toContain('Method: arXiv 2408.07055');
      expect(complaints).toEqual([]);
    });
  });

  test('is printed, and takes its picture', async () => {
    await withPage(file('hostile'), async (page) => {
      const pdf = await page.pdf({ format: 'A4' });
      expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    });
    const picture = await drawPicture(file('large'));
    expect([...picture.subarray(1, 4)].map((code) => String.fromCharCode(code)).join('')).toBe('PNG');
    expect(picture.length).toBeLessThan(300_000);
  });
});
