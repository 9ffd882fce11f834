import { ServiceError, type Client } from '@temporalio/client';
import { expect, test } from 'vitest';
import { deploymentIfTold, describeDeployment } from '../../scripts/deployment.ts';
import { codeOf, GRPC, hasCode } from '../../scripts/grpc.ts';

const failing = (code: number): Error => Object.assign(new Error('refused'), { code, details: 'refused' });

/** A client whose server answers the question for a deployment by a code. */
const clientOf = (code: number): Client =>
  ({
    options: { namespace: 'default' },
    workflowService: { describeWorkerDeployment: () => Promise.reject(failing(code)) },
  }) as unknown as Client;

test('a code is known of an error and of its cause', () => {
  expect(codeOf(failing(7))).toBe(7);
  expect(codeOf(new ServiceError('failed', { cause: failing(14) }))).toBe(14);
  expect([codeOf(new Error('plain')), codeOf(undefined), codeOf({ code: 'ENOENT' })]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(hasCode(failing(7), 'unauthenticated', 'permissionDenied')).toBe(true);
  expect(hasCode(failing(5), 'permissionDenied')).toBe(false);
});

test('workers without a build id start where the server has no deployments, or does not tell of them', async () => {
  for (const name of ['notFound', 'permissionDenied', 'failedPrecondition', 'unimplemented'] as const)
    expect(await deploymentIfTold(clientOf(GRPC[name]))).toBeUndefined();
  await expect(deploymentIfTold(clientOf(GRPC.unavailable))).rejects.toThrow('refused');
  // With a build id, nothing would run for want of what is refused.
  await expect(describeDeployment(clientOf(GRPC.unimplemented))).rejects.toThrow('refused');
});
