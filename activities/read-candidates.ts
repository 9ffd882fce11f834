import { candidatesPageKey } from '../domain/keys.ts';
import { Candidate } from '../domain/schemas/instruction.ts';
import { readJsonLines } from './io/store/json.ts';
import { StoreError, type Store } from './io/store/store.ts';

/** Candidates of one page, which is read as a whole. */
export const CANDIDATES_A_PAGE = 500;

/** One page of a folder of candidates; fails with Store.Missing. */
export function readCandidatesPage(store: Store, folder: string, page: number): Promise<Candidate[]> {
  return readJsonLines(store, candidatesPageKey(folder, page), Candidate);
}

/** A range of a folder's candidates, each with the name by which it is worked on. */
export async function readCandidates(
  store: Store,
  folder: string,
  offset: number,
  count: number,
): Promise<{ readonly item: string; readonly candidate: Candidate }[]> {
  const found: { item: string; candidate: Candidate }[] = [];
  for (let page = Math.floor(offset / CANDIDATES_A_PAGE); page * CANDIDATES_A_PAGE < offset + count; page++) {
    const first = page * CANDIDATES_A_PAGE;
    const rows = await readCandidatesPage(store, folder, page);
    for (const [index, candidate] of rows.entries())
      if (first + index >= offset && first + index < offset + count)
        found.push({ item: candidateItem(candidate.instruction.id, page), candidate });
  }
  return found;
}

/** The name of a candidate as an item of a partition: its id, and the page that it stands on. */
export const candidateItem = (id: string, page: number): string => `${id}-${page}`;

/** The candidate of an item; fails with Store.Missing. */
export async function readCandidate(store: Store, folder: string, item: string): Promise<Candidate> {
  const [id, page] = item.split('-');
  const rows = await readCandidatesPage(store, folder, Number(page));
  const found = rows.find(({ instruction }) => instruction.id === id);
  if (!found) throw new StoreError('Missing', `candidate ${item} is not in ${folder}`);
  return found;
}
