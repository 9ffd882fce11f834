import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../configs/env.ts';

/** The Grafana dashboard. */
export interface Dashboard {
  readonly title: string;
  readonly uid: string;
  readonly schemaVersion: number;
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly type: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query?: unknown }[] };
}

/** Reads the dashboard. */
export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(join(PROJECT, 'docs/grafana/longwriter.json'), 'utf8')) as Dashboard;
}

/** Every metric that a query of the dashboard names. */
export function dashboardMetrics(): string[] {
  const { panels, templating } = readDashboard();
  const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  const variables = templating.list.map(({ query }) => JSON.stringify(query ?? ''));
  const text = [...queries, ...variables].join('\n');
  return [...new Set(text.match(/\b(?:longwriter|temporal)_\w+/g))];
}
