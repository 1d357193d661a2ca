import { beforeEach, describe, expect, it } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import { Batcher } from './batcher.js';

const LIMITS = { atOnce: 2, together: 3, patienceMs: 50 };
const asker = new AsyncLocalStorage<string>();

/** Questions that are under way, and how they end. */
interface UnderWay {
  readonly questions: readonly number[];
  /** Of whom it is told. */
  readonly of: string | undefined;
  readonly answer: (answers: number[]) => void;
  readonly fail: (error: Error) => void;
}

let underWay: UnderWay[];
let gathering: Batcher<number, number>;

beforeEach(() => {
  underWay = [];
  const answered = (questions: readonly number[]): Promise<number[]> =>
    new Promise((answer, fail) => underWay.push({ questions, of: asker.getStore(), answer, fail }));
  gathering = new Batcher(answered, LIMITS);
});

/** Asks, and keeps what came of it. */
function ask(...questions: number[]): Promise<unknown[]> {
  return Promise.all(questions.map((question) => gathering.ask(question).catch((error: unknown) => error)));
}

/** One turn for an answer to arrive, one for the next question to leave. */
async function settled(): Promise<void> {
  await setImmediate();
  await setImmediate();
}

function put(): Array<readonly number[]> {
  return underWay.map(({ questions }) => questions);
}

/** What was put at a place, once what was asked or answered just now has had its effect. */
async function putAt(place: number): Promise<UnderWay> {
  await settled();
  const asked = underWay[place];
  if (!asked) throw new Error('nothing was put there');
  return asked;
}

describe('questions', () => {
  it('of the same moment go together, and each is answered what was answered at its place', async () => {
    const asking = ask(1, 2, 3);
    const { questions, answer } = await putAt(0);
    answer(questions.map((question) => question * 10));
    expect(await asking).toEqual([10, 20, 30]);
    expect(put()).toEqual([[1, 2, 3]]);
  });

  it('go in parties of a bounded size', async () => {
    void ask(1, 2, 3, 4);
    await settled();
    expect(put()).toEqual([[1, 2, 3], [4]]);
  });

  it('wait where as many are under way as may be, and go on together', async () => {
    void ask(1);
    await putAt(0);
    void ask(2);
    await putAt(1);
    const late = [ask(3), ask(4)];
    await settled();
    expect(put()).toEqual([[1], [2]]);
    underWay[0]?.answer([1]);
    const { answer } = await putAt(2);
    expect(put()).toEqual([[1], [2], [3, 4]]);
    answer([3, 4]);
    expect(await Promise.all(late)).toEqual([[3], [4]]);
  });

  it('never join those that are under way already', async () => {
    void ask(1);
    await putAt(0);
    void ask(1);
    await putAt(1);
    expect(put()).toEqual([[1], [1]]);
  });

  it('that fail, fail for all who asked them together, and for nobody else', async () => {
    const failing = ask(1, 2);
    const { fail } = await putAt(0);
    const later = ask(3);
    const error = new Error('away');
    fail(error);
    expect(await failing).toEqual([error, error]);
    const { answer } = await putAt(1);
    answer([3]);
    expect(await later).toEqual([3]);
  });

  it('that fail make room for those that wait', async () => {
    void ask(1);
    await putAt(0);
    void ask(2);
    await putAt(1);
    const waiting = ask(3);
    underWay[0]?.fail(new Error('away'));
    underWay[1]?.fail(new Error('away'));
    (await putAt(2)).answer([3]);
    expect(await waiting).toEqual([3]);
  });

  it('whose turn does not come in time are told so, and nobody who came later', async () => {
    void ask(1);
    await putAt(0);
    void ask(2);
    await putAt(1);
    const [error] = await ask(3);
    expect(error).toMatchObject({ code: 'unavailable' });
    const late = ask(4);
    underWay[0]?.answer([1]);
    (await putAt(2)).answer([4]);
    expect(await late).toEqual([4]);
    expect(put()).toEqual([[1], [2], [4]]);
  });

  it('belong to the request that asked first, whoever made room for them', async () => {
    asker.run('first', () => void ask(1));
    await putAt(0);
    asker.run('second', () => void ask(2));
    await putAt(1);
    asker.run('third', () => void ask(3));
    asker.run('fourth', () => void ask(4));
    await settled();
    underWay[0]?.answer([1]);
    await putAt(2);
    expect(underWay.map(({ questions, of }) => [questions, of])).toEqual([
      [[1], 'first'],
      [[2], 'second'],
      [[3, 4], 'third'],
    ]);
  });
});
