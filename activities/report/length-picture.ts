import { drawHistogram } from './charts.ts';
import { pictureFile } from './picture.ts';

/** The lengths of a dataset's texts as an SVG file, for its card. */
export const drawLengthPicture = (words: readonly number[]): string => pictureFile(drawHistogram(words));
