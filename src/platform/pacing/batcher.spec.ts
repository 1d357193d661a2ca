import { beforeEach, describe, expect, it } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import { Batcher } from './batcher.js';

const LIMITS = { maxInFlight: 2, maxBatch: 3, maxWaitMs: 50 };
const requestName = new AsyncLocalStorage<string>();

/** A batch that was sent, and the two ways to end it. */
interface SentBatch {
  readonly questions: readonly number[];
  /** The request under whose context the batch was sent. */
  readonly request: string | undefined;
  readonly answer: (answers: number[]) => void;
  readonly fail: (error: Error) => void;
}

let sent: SentBatch[];
let batcher: Batcher<number, number>;

beforeEach(() => {
  sent = [];
  const send = (questions: readonly number[]): Promise<number[]> =>
    new Promise((answer, fail) => sent.push({ questions, request: requestName.getStore(), answer, fail }));
  batcher = new Batcher(send, LIMITS);
});

/** Asks each question and returns its answer or its error. */
function ask(...questions: number[]): Promise<unknown[]> {
  return Promise.all(questions.map((question) => batcher.ask(question).catch((error: unknown) => error)));
}

/** One turn for an answer to arrive, one for the next batch to leave. */
async function settled(): Promise<void> {
  await setImmediate();
  await setImmediate();
}

function sentQuestions(): Array<readonly number[]> {
  return sent.map(({ questions }) => questions);
}

/** The batch at `index`, after earlier questions and answers have taken effect. */
async function batchAt(index: number): Promise<SentBatch> {
  await settled();
  const batch = sent[index];
  if (!batch) throw new Error(`no batch ${index} was sent`);
  return batch;
}

describe('a batcher', () => {
  it('sends the questions of one turn in one batch and returns each its own answer', async () => {
    const asking = ask(1, 2, 3);
    const { questions, answer } = await batchAt(0);
    answer(questions.map((question) => question * 10));
    expect(await asking).toEqual([10, 20, 30]);
    expect(sentQuestions()).toEqual([[1, 2, 3]]);
  });

  it('limits the size of a batch', async () => {
    void ask(1, 2, 3, 4);
    await settled();
    expect(sentQuestions()).toEqual([[1, 2, 3], [4]]);
  });

  it('holds questions back while the most batches are in flight, then sends them in one batch', async () => {
    void ask(1);
    await batchAt(0);
    void ask(2);
    await batchAt(1);
    const late = [ask(3), ask(4)];
    await settled();
    expect(sentQuestions()).toEqual([[1], [2]]);
    sent[0]?.answer([1]);
    const { answer } = await batchAt(2);
    expect(sentQuestions()).toEqual([[1], [2], [3, 4]]);
    answer([3, 4]);
    expect(await Promise.all(late)).toEqual([[3], [4]]);
  });

  it('never adds a question to a batch that was sent before', async () => {
    void ask(1);
    await batchAt(0);
    void ask(1);
    await batchAt(1);
    expect(sentQuestions()).toEqual([[1], [1]]);
  });

  it('rejects every question of a failed batch, and no other', async () => {
    const failing = ask(1, 2);
    const { fail } = await batchAt(0);
    const later = ask(3);
    const error = new Error('away');
    fail(error);
    expect(await failing).toEqual([error, error]);
    const { answer } = await batchAt(1);
    answer([3]);
    expect(await later).toEqual([3]);
  });

  it('sends waiting questions after a batch fails', async () => {
    void ask(1);
    await batchAt(0);
    void ask(2);
    await batchAt(1);
    const waiting = ask(3);
    sent[0]?.fail(new Error('away'));
    sent[1]?.fail(new Error('away'));
    (await batchAt(2)).answer([3]);
    expect(await waiting).toEqual([3]);
  });

  it('rejects a question that waits too long, and keeps those asked later', async () => {
    void ask(1);
    await batchAt(0);
    void ask(2);
    await batchAt(1);
    const [error] = await ask(3);
    expect(error).toMatchObject({ code: 'unavailable' });
    const late = ask(4);
    sent[0]?.answer([1]);
    (await batchAt(2)).answer([4]);
    expect(await late).toEqual([4]);
    expect(sentQuestions()).toEqual([[1], [2], [4]]);
  });

  it('sends a batch under the context of the request that asked its first question', async () => {
    requestName.run('first', () => void ask(1));
    await batchAt(0);
    requestName.run('second', () => void ask(2));
    await batchAt(1);
    requestName.run('third', () => void ask(3));
    requestName.run('fourth', () => void ask(4));
    await settled();
    sent[0]?.answer([1]);
    await batchAt(2);
    expect(sent.map(({ questions, request }) => [questions, request])).toEqual([
      [[1], 'first'],
      [[2], 'second'],
      [[3, 4], 'third'],
    ]);
  });
});
