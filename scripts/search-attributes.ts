import { type Client, isGrpcServiceError } from '@temporalio/client';
import { SEARCH_ATTRIBUTES, type SearchAttributeName } from '../domain/search-attributes.ts';
import { hasCode } from './grpc.ts';

/** IndexedValueType of temporal/api/enums/v1/common.proto, by its number. */
const TYPES = ['Unspecified', 'Text', 'Keyword', 'Int', 'Double', 'Bool', 'Datetime', 'KeywordList'] as const;

/** Whether a server says that somebody else must register attributes. */
const isNotForUs = (error: unknown): boolean => hasCode(error, 'permissionDenied', 'unimplemented', 'unauthenticated');

/** What the server has of our search attributes, by name. */
export interface AttributeState {
  /** Not registered. */
  readonly missing: readonly SearchAttributeName[];
  /** Registered as another type, which nobody can change. */
  readonly mistyped: readonly { readonly name: SearchAttributeName; readonly type: string }[];
}

/**
 * Those of our search attributes that the namespace has with our types; setting another one would hang what is started with
 * it. Fails as the connection does.
 */
export async function knownAttributes(client: Client): Promise<ReadonlySet<string>> {
  const types = await readTypes(client);
  return new Set(Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => (types.get(name) === type ? [name] : [])));
}

/** Which of our search attributes a run could not set. Fails as the connection does. */
export async function missingAttributes(client: Client): Promise<AttributeState> {
  const types = await readTypes(client);
  const names = Object.keys(SEARCH_ATTRIBUTES) as SearchAttributeName[];
  return {
    missing: names.filter((name) => !types.has(name)),
    mistyped: names.flatMap((name) => {
      const type = types.get(name);
      return type === undefined || type === SEARCH_ATTRIBUTES[name] ? [] : [{ name, type }];
    }),
  };
}

/**
 * Registers what is missing and says what it did; then look again, since the server silently ignores a name that has another
 * type. What the server refuses, such as for lack of permission or of room, is the answer's `refused`, one line.
 */
export async function registerAttributes(client: Client): Promise<{
  readonly registered: readonly SearchAttributeName[];
  readonly refused?: string;
}> {
  const { missing } = await missingAttributes(client);
  if (missing.length === 0) return { registered: [] };
  const searchAttributes = Object.fromEntries(missing.map((name) => [name, TYPES.indexOf(SEARCH_ATTRIBUTES[name])]));
  try {
    const { namespace } = client.options;
    await client.connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error) {
    if (!isGrpcServiceError(error)) throw error;
    return { registered: [], refused: refusal(client.options.namespace, missing, error) };
  }
  const after = await missingAttributes(client);
  return { registered: missing.filter((name) => !after.missing.includes(name)) };
}

/** Those of our search attributes that are not among some. */
export const missingOf = (known: ReadonlySet<string>): string[] =>
  Object.keys(SEARCH_ATTRIBUTES).filter((name) => !known.has(name));

/** Whether these are all of our search attributes; where not, says on stderr what is started without them, and how to mend it. */
export function areAllKnown(namespace: string, known: ReadonlySet<string>): boolean {
  const lacking = missingOf(known);
  if (lacking.length > 0)
    console.error(
      `namespace ${namespace} lacks the search attributes ${lacking.join(', ')}: the UI's list cannot show or filter by them; ` +
        'longwriter doctor --fix registers them, for what is started from then on',
    );
  return lacking.length === 0;
}

/** The commands by which an administrator registers attributes, on a server of one's own and on Temporal Cloud. */
export function commandsToRegister(namespace: string, names: readonly SearchAttributeName[]): string {
  const own = names.map((name) => `--name ${name} --type ${SEARCH_ATTRIBUTES[name]}`).join(' ');
  const cloud = names.map((name) => `--search-attribute "${name}=${SEARCH_ATTRIBUTES[name]}"`).join(' ');
  return (
    `temporal operator search-attribute create --namespace ${namespace} ${own}; ` +
    `on Temporal Cloud: tcld namespace search-attributes add --namespace ${namespace} ${cloud}`
  );
}

async function readTypes(client: Client): Promise<ReadonlyMap<string, string>> {
  const { namespace } = client.options;
  const { operatorService, workflowService } = client.connection;
  try {
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
    return new Map(Object.entries(customAttributes).map(([name, type]) => [name, TYPES[type] ?? String(type)]));
  } catch (error) {
    if (!isNotForUs(error)) throw error;
    // Where the operator's service is kept from us, the namespace itself still tells the names by the fields behind them,
    // such as Keyword01.
    const { config } = await workflowService.describeNamespace({ namespace });
    const aliases = Object.entries(config?.customSearchAttributeAliases ?? {});
    return new Map(aliases.map(([field, name]) => [name, field.replace(/\d+$/, '')]));
  }
}

function refusal(namespace: string, missing: readonly SearchAttributeName[], error: { code: number; details: string }) {
  if (isNotForUs(error))
    return `this account may not register them (${error.details}); an administrator runs: ${commandsToRegister(namespace, missing)}`;
  return `the server refuses (${error.details}); remove what nobody uses: temporal operator search-attribute list --namespace ${namespace}`;
}
