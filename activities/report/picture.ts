import type { Markup } from './html.ts';
import { STYLE } from './style.ts';

/** The report's colours in the light, by the names of their variables; a picture of its own has no page to take them from. */
const COLORS = new Map(
  [...STYLE.matchAll(/--([\w-]+): (#[0-9a-f]+)/g)].toReversed().map(([, name, color]) => [name!, color!]),
);

/** A chart as an SVG file of its own, half as large again as the chart is drawn. */
export function pictureFile({ text }: Markup): string {
  const [, width = '480', height = '320'] = /viewBox="0 0 (\d+) (\d+)"/.exec(text) ?? [];
  const size = `width="${1.5 * Number(width)}" height="${1.5 * Number(height)}"`;
  const picture = text
    .replace(/var\(--([\w-]+)\)/g, (_, name: string) => COLORS.get(name) ?? '#000')
    .replace('<svg ', `<svg ${size} style="background:#fff;font-family:sans-serif" `);
  return picture.includes('xmlns=') ? picture : picture.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ');
}
