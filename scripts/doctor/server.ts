import { isGrpcServiceError, type Client, type Connection } from '@temporalio/client';
import type { Finding } from '../../domain/doctor.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/search-attributes.ts';
import { hasCode, namespaceMend } from '../grpc.ts';
import { commandsToRegister, missingAttributes, registerAttributes } from '../search-attributes.ts';

/** The server from which on worker versions and priorities are there; an older one runs everything else. */
const NEW_ENOUGH = [1, 28] as const;

/** Days below which closed runs leave the UI before anybody looks. */
const FEW_DAYS = 3;

const DAY_SECONDS = 24 * 3600;

/** What the server tells of itself and of the namespace; `usable` is whether there is more to ask it. */
export async function serverFindings(
  client: Client,
): Promise<{ readonly findings: Finding[]; readonly usable: boolean }> {
  const { address } = (client.connection as Connection).options;
  try {
    const { serverVersion } = await client.connection.workflowService.getSystemInfo({});
    const findings = [versionFinding(address, serverVersion)];
    const namespace = await namespaceFinding(client);
    return { findings: [...findings, namespace], usable: namespace.state !== 'fail' };
  } catch (error) {
    if (!isGrpcServiceError(error)) throw error;
    return {
      findings: [{ check: 'Temporal', state: 'fail', found: `${address} refuses: ${error.details}`, mend: KEY }],
      usable: false,
    };
  }
}

const KEY = 'is the key or certificate of this account right and not expired (TEMPORAL_API_KEY, TEMPORAL_PROFILE)?';

function versionFinding(address: string, version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < NEW_ENOUGH[0] || (major === NEW_ENOUGH[0] && minor < NEW_ENOUGH[1]);
  const found = `${address}, server ${version}`;
  if (!isOld) return { check: 'Temporal', state: 'ok', found };
  return {
    check: 'Temporal',
    state: 'warn',
    found: `${found}: worker versions and priorities need ${NEW_ENOUGH.join('.')} or newer`,
    mend: 'upgrade the server, or go without --promote and --priority',
  };
}

async function namespaceFinding({ connection, options: { namespace } }: Client): Promise<Finding> {
  const check = `namespace ${namespace}`;
  try {
    const { config } = await connection.workflowService.describeNamespace({ namespace });
    const days = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / DAY_SECONDS;
    const found = `closed runs stay in the UI for ${days.toFixed(days < 1 ? 1 : 0)} ${days === 1 ? 'day' : 'days'}`;
    if (days >= FEW_DAYS) return { check, state: 'ok', found };
    return {
      check,
      state: 'warn',
      found,
      mend: `temporal operator namespace update --namespace ${namespace} --retention 90d`,
    };
  } catch (error) {
    if (!isGrpcServiceError(error)) throw error;
    const isAbsent = hasCode(error, 'notFound');
    const mend = isAbsent ? namespaceMend(namespace) : KEY;
    return { check, state: 'fail', found: isAbsent ? 'is not there' : error.details, mend };
  }
}

/** Whether our search attributes are there with their types; with `fix`, registers those that are not first. */
export async function attributesFinding(client: Client, fix: boolean): Promise<Finding> {
  const { namespace } = client.options;
  const check = 'search attributes';
  const { registered, refused } = fix ? await registerAttributes(client) : { registered: [], refused: undefined };
  const { missing, mistyped } = await missingAttributes(client);
  const state = fix ? 'fail' : 'warn';
  if (refused !== undefined) return { check, state, found: `${missing.join(', ')} are missing`, mend: refused };
  if (mistyped.length > 0) {
    const wrong = mistyped.map(({ name, type }) => `${name} is ${type}, not ${SEARCH_ATTRIBUTES[name]}`).join(', ');
    const remove = mistyped.map(({ name }) => `--name ${name}`).join(' ');
    const mend = `nobody can change a type: if nothing else uses it, temporal operator search-attribute remove --namespace ${namespace} ${remove}, then longwriter doctor --fix`;
    return { check, state, found: `${wrong}; runs go without, and the UI’s list shows less`, mend };
  }
  if (missing.length > 0)
    return {
      check,
      state,
      found: `${missing.join(', ')} are missing; runs go without, and the UI’s list shows less`,
      mend: fix ? commandsToRegister(namespace, missing) : 'longwriter doctor --fix registers them',
    };
  const all = `all ${Object.keys(SEARCH_ATTRIBUTES).length} are there`;
  return { check, state: 'ok', found: registered.length > 0 ? `registered ${registered.join(', ')}; ${all}` : all };
}
