import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';

/** Everything that Temporal holds of the workflows of a namespace, as text: descriptions and raw histories, bytes decoded, without fields of some names. */
export async function leftInTemporal(client: Client, without: readonly string[] = []): Promise<Map<string, string>> {
  const { namespace } = client.options;
  const left = new Map<string, string>();
  for await (const { workflowId, runId } of client.workflow.list()) {
    const execution = { workflowId, runId };
    const description = await client.workflowService.describeWorkflowExecution({ namespace, execution });
    let text = textOf(description, without);
    let nextPageToken: Uint8Array | undefined;
    do {
      const page = await client.workflowService.getWorkflowExecutionHistory({
        namespace,
        execution,
        ...(nextPageToken && { nextPageToken }),
      });
      text += textOf(page.history, without);
      nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined;
    } while (nextPageToken);
    left.set(workflowId, text);
  }
  return left;
}

/** Everything under a folder, by path. */
export async function leftInFolder(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return new Map(await Promise.all(files.map(async (file) => [file, await readFile(file, 'latin1')] as const)));
}

function textOf(value: unknown, without: readonly string[]): string {
  if (value instanceof Uint8Array) return `${Buffer.from(value).toString('latin1')}\n`;
  if (Array.isArray(value)) return value.map((one) => textOf(one, without)).join('');
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .filter(([key]) => !without.includes(key))
      .map(([key, inner]) => `${key}: ${textOf(inner, without)}`)
      .join('');
  return `${String(value)}\n`;
}
