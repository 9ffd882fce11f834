import { readdir, readFile, readlink } from 'node:fs/promises';

/** One sample of Prometheus' text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Scrapes a worker's metrics. */
export async function scrape(port: number): Promise<Sample[]> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const [, name = '', labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, is]) => [key, is]);
    return { name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) };
  });
}

/** The TCP sockets of a process, by /proc: the ports that it listens on, and those of the other ends. */
export async function peersOf(pid: number): Promise<{ listening: number[]; remotePorts: number[] }> {
  const descriptors = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  const inodes = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8')));
  const rows = tables.flatMap((table) => table.split('\n').slice(1)).map((line) => line.trim().split(/\s+/));
  const own = rows.filter((row) => inodes.has(row[9] ?? ''));
  const portOf = (address = '') => Number.parseInt(address.split(':')[1] ?? '', 16);
  const isListening = (row: string[]) => row[3] === '0A';
  return {
    listening: own.filter(isListening).map((row) => portOf(row[1])),
    remotePorts: own.filter((row) => !isListening(row)).map((row) => portOf(row[2])),
  };
}
