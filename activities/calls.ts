import { LRUCache } from 'lru-cache';
import { callKey } from '../domain/keys.ts';
import { Call, type Answer } from '../domain/schemas/call.ts';
import { jsonBytes, findJson } from './io/store/json.ts';
import { enterPaid } from './io/store/ledger.ts';
import { StoreError, type Store } from './io/store/store.ts';

/** Characters of answers that a process remembers; sections are read again for each section after them. */
const REMEMBERED_CHARACTERS = 8e6;

/** What is asked of a stored call: everything but the question, which holds the whole text so far. */
export interface KnownCall {
  readonly fingerprint: string;
  /** The run that asked, and so paid. */
  readonly run: string;
  readonly model: string;
  readonly answer: Answer;
}

/** A call that a step needed. */
export interface AskedCall extends KnownCall {
  /** Whether this step asked it, now or in an earlier attempt, as far as that is known. */
  readonly fresh: boolean;
  /** Whether this very attempt asked it. */
  readonly asked: boolean;
}

/** The stored calls; immutable, so that what was read once is remembered. */
export interface Calls {
  find(id: string): Promise<KnownCall | undefined>;
  /** A call that is known to have been made. Fails with StoreError `Missing`. */
  read(id: string): Promise<KnownCall>;
  /** Keeps a call and enters it into its run's ledger, unless it is there already; returns the one that is stored. */
  keep(call: Call): Promise<KnownCall>;
}

/** Makes the calls of one worker process. */
export function makeCalls(store: Store): Calls {
  const known = new LRUCache<string, KnownCall>({
    maxSize: REMEMBERED_CHARACTERS,
    sizeCalculation: ({ answer }) => answer.text.length + 500,
  });
  const remember = ({ fingerprint, run, request, answer }: Call): KnownCall => {
    const call = { fingerprint, run, model: request.model, answer };
    known.set(fingerprint, call);
    return call;
  };
  const find = async (id: string): Promise<KnownCall | undefined> => {
    const remembered = known.get(id);
    if (remembered) return remembered;
    const stored = await findJson(store, callKey(id), Call);
    return stored && remember(stored);
  };
  const read = async (id: string): Promise<KnownCall> => {
    const call = await find(id);
    if (!call) throw new StoreError('Missing', `${callKey(id)} is not in store ${store.url}`);
    return call;
  };
  return {
    find,
    read,
    async keep(call) {
      const created = await store.createIfAbsent(callKey(call.fingerprint), jsonBytes(call));
      const kept = created ? remember(call) : await read(call.fingerprint);
      // Who stored it first may have ended before it could enter it.
      if (kept.run === call.run) await enterPaid(store, kept);
      return kept;
    },
  };
}
