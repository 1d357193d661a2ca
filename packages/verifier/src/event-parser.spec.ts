import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { EventParser } from './event-parser.js';

const STREAM = [
  'retry: 1000\n\n',
  ':\n\n',
  'id: 41\nevent: revocation\ndata: {"seq":41}\n\n',
  'event: revocation\r\ndata: {"seq":40}\r\n\r\n',
  'id:42\rdata:a\rdata:b\r\r',
  'id\ndata: reset\n\n',
  'id: 43\nevent: current\ndata: {"at":"é"}\n\n',
].join('');

const EVENTS = [
  { event: 'revocation', data: '{"seq":41}', lastId: '41' },
  { event: 'revocation', data: '{"seq":40}', lastId: '41' },
  { event: 'message', data: 'a\nb', lastId: '42' },
  { event: 'message', data: 'reset', lastId: '' },
  { event: 'current', data: '{"at":"é"}', lastId: '43' },
];

describe('an event stream', () => {
  it('gives the same events for chunks of any size', () => {
    const cuts = fc.array(fc.nat({ max: STREAM.length }), { maxLength: 20 });
    fc.assert(
      fc.property(cuts, (at) => {
        const parser = new EventParser();
        const ends = [...at.sort((a, b) => a - b), STREAM.length];
        const pieces = ends.map((end, index) => STREAM.slice(ends[index - 1] ?? 0, end));
        expect(pieces.flatMap((piece) => parser.push(piece))).toEqual(EVENTS);
      }),
    );
  });

  it('keeps the id it was resumed from until an event has another', () => {
    const parser = new EventParser('7');
    expect(parser.push('data: x\n\nid: 8\ndata: y\n\n').map(({ lastId }) => lastId)).toEqual(['7', '8']);
  });

  it('gives no incomplete event', () => {
    const parser = new EventParser();
    expect(parser.push('data: x\n')).toEqual([]);
    expect(parser.push('\n')).toHaveLength(1);
  });

  it.each([
    ['one line', 'x'.repeat(70_000)],
    ['many lines', 'data: x\n'.repeat(20_000)],
  ])('is refused when an endless event has %s', (_, text) => {
    const parser = new EventParser();
    const pieces = text.match(/.{1,1000}/gs) ?? [];
    expect(() => pieces.forEach((piece) => parser.push(piece))).toThrow('too long');
  });
});
