import { drawHistogram } from './charts.ts';

/** The report's colours in the light; a picture of its own has no page to take them from. */
const COLORS: Readonly<Record<string, string>> = { muted: '#59626d', line: '#dfe3e8', accent: '#0b7a62' };

/** The lengths of a dataset's texts as an SVG file, for its card. */
export function drawLengthPicture(words: readonly number[]): string {
  const picture = drawHistogram(words)
    .text.replace(/var\(--(\w+)\)/g, (_, name: string) => COLORS[name] ?? '#000')
    .replace('<svg ', '<svg width="720" height="480" style="background:#fff;font-family:sans-serif" ');
  return picture.includes('xmlns=') ? picture : picture.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ');
}
