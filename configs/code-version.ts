import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from './env.ts';

/** What decides how a run goes; commands that only start or show one may differ. */
const SOURCES = ['workflows', 'activities', 'domain', 'configs', 'workers'];

/** The first 8 hex characters of a SHA-256 over our code as it is on disk now; a worker asks when it starts. */
export function codeVersion(project = PROJECT): string {
  const hash = createHash('sha256').update(readFileSync(join(project, 'package-lock.json')));
  for (const folder of SOURCES) {
    const names = readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.[jt]s$/.test(name),
    );
    for (const name of names.toSorted())
      hash.update(`${folder}/${name}\0`).update(readFileSync(join(project, folder, name)));
  }
  return hash.digest('hex').slice(0, 8);
}
