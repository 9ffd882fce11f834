import { expect, test } from 'vitest';
import { runAddress } from '../../scripts/ui-address.ts';

test('the UI shows a run under its id, and its parts in a filtered list', () => {
  const address = runAddress({ uiUrl: 'http://127.0.0.1:8233/' }, 'team a', 'demo');
  expect(address).toEqual({
    run: 'http://127.0.0.1:8233/namespaces/team%20a/workflows/demo',
    list: 'http://127.0.0.1:8233/namespaces/team%20a/workflows?query=LwRun%3D%22demo%22',
  });
});

test('where no UI is known there is no address', () => {
  expect(runAddress({ uiUrl: undefined }, 'default', 'demo')).toBeUndefined();
});
