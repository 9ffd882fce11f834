import { TrainerEvent } from './schemas/trainer.ts';

/** The events of a file; a trainer killed half-way through a line leaves it torn, and the next one begins a new line. */
export function parseEvents(text: string): TrainerEvent[] {
  return text.split('\n').flatMap((line) => {
    const parsed = TrainerEvent.safeParse(parseLine(line));
    return parsed.success ? [parsed.data] : [];
  });
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
