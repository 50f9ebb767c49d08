import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { KEPT_BYTES, type RecordedBody, ResponseBody } from './response-body.js';

function bodyOf(chunks: readonly Buffer[], encoding = ''): ResponseBody {
  const body = new ResponseBody(encoding);
  for (const chunk of chunks) body.add(chunk);
  return body;
}

function plain(text: string | Buffer, secrets: readonly string[] = []): RecordedBody {
  return bodyOf([Buffer.from(text)]).recordPlain(secrets);
}

describe('the recorded body of a response', () => {
  it('is the text of a short one', () => {
    expect(plain('thanks')).toEqual({ text: 'thanks', isTruncated: false });
    expect(plain('')).toEqual({ text: '', isTruncated: false });
  });

  it('is the first 4 KiB of a longer one', () => {
    expect(plain('x'.repeat(KEPT_BYTES))).toEqual({
      text: 'x'.repeat(KEPT_BYTES),
      isTruncated: false,
    });
    expect(plain('x'.repeat(KEPT_BYTES + 1))).toEqual({
      text: 'x'.repeat(KEPT_BYTES),
      isTruncated: true,
    });
  });

  it('does not depend on how the body was cut into chunks', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3 * KEPT_BYTES }),
        fc.array(fc.nat({ max: 5_000 }), { maxLength: 30 }),
        (bytes, sizes) => {
          const chunks: Buffer[] = [];
          let rest = Buffer.from(bytes);
          for (const size of sizes) {
            chunks.push(rest.subarray(0, size));
            rest = rest.subarray(size);
          }
          chunks.push(rest);
          const whole = bodyOf([Buffer.from(bytes)]).recordPlain([]);

          expect(bodyOf(chunks).recordPlain([])).toEqual(whole);
          expect(whole.isTruncated).toBe(bytes.length > KEPT_BYTES);
        },
      ),
    );
  });

  it('has replacement characters for what is no UTF-8, and none for a character that the cut splits', () => {
    expect(plain(Buffer.from([0x68, 0xff, 0x69]))).toEqual({
      text: 'h\ufffdi',
      isTruncated: false,
    });
    expect(plain(`x${'é'.repeat(KEPT_BYTES)}`).text).toBe(`x${'é'.repeat(KEPT_BYTES / 2 - 1)}`);
  });

  it('masks a secret, also across the cut', () => {
    expect(plain('token=abcdefgh;', ['abcdefgh'])).toEqual({
      text: 'token=[masked];',
      isTruncated: false,
    });
    const echo = `${'x'.repeat(KEPT_BYTES - 4)}abcdefgh`;
    expect(plain(echo, ['abcdefgh']).text).toBe(`${'x'.repeat(KEPT_BYTES - 4)}[mas`);
  });

  it('does not take a short text for a secret', () => {
    expect(plain('v2 is the version', ['v2']).text).toBe('v2 is the version');
  });

  it('is endless when more comes than is worth reading', () => {
    const body = bodyOf([Buffer.alloc(2 * KEPT_BYTES)]);
    expect([body.isComplete, body.isEndless]).toEqual([true, false]);

    body.add(Buffer.alloc(65_536));
    expect(body.isEndless).toBe(false);
    body.add(Buffer.alloc(1));
    expect(body.isEndless).toBe(true);
  });

  describe('when it is compressed', () => {
    const text = JSON.stringify({ error: 'no such account', at: new Array(40).fill('here') });

    it.each([
      ['gzip', gzipSync(text)],
      ['x-gzip', gzipSync(text)],
      ['GZIP', gzipSync(text)],
      ['deflate', deflateSync(text)],
      ['deflate', deflateRawSync(text)],
      ['br', brotliCompressSync(text)],
    ])('with %s is what it says', async (encoding, bytes) => {
      const body = bodyOf([bytes], encoding);

      expect(body.isCompressed).toBe(true);
      expect(await body.recordCompressed([])).toEqual({ text, isTruncated: false });
    });

    it.each([
      ['gzip', gzipSync(Buffer.alloc(50_000_000, 'x'))],
      ['deflate', deflateSync(Buffer.alloc(50_000_000, 'x'))],
      ['br', brotliCompressSync(Buffer.alloc(50_000_000, 'x'))],
    ])('with %s as a bomb is cut at 4 KiB, and never expanded further', async (encoding, bomb) => {
      const before = process.memoryUsage().arrayBuffers;
      const body = bodyOf([bomb], encoding);

      const recorded = await body.recordCompressed([]);

      expect(recorded).toEqual({ text: 'x'.repeat(KEPT_BYTES), isTruncated: true });
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
    });

    it.each([
      ['gzip', gzipSync('x'.repeat(100) + text)],
      ['deflate', deflateSync('x'.repeat(100) + text)],
      ['br', brotliCompressSync('x'.repeat(100) + text)],
    ])('with %s and broken off is what there was of it', async (encoding, bytes) => {
      const { text: recorded } = await bodyOf(
        [bytes.subarray(0, bytes.length - 12)],
        encoding,
      ).recordCompressed([]);

      expect(`${'x'.repeat(100)}${text}`.startsWith(String(recorded))).toBe(true);
    });

    it('in a way that is not known is not recorded', async () => {
      for (const encoding of ['zstd', 'gzip, gzip', 'constructor']) {
        expect(await bodyOf([Buffer.from('?')], encoding).recordCompressed([])).toEqual({
          text: null,
          isTruncated: true,
        });
      }
    });

    it('and is not what it claims to be, is recorded as empty', async () => {
      for (const encoding of ['gzip', 'br']) {
        const body = bodyOf([Buffer.from('plain text')], encoding);

        expect(await body.recordCompressed([])).toMatchObject({ text: '' });
      }
    });

    it('has its secrets masked', async () => {
      const body = bodyOf([gzipSync('token=abcdefgh;')], 'gzip');

      expect(await body.recordCompressed(['abcdefgh'])).toMatchObject({ text: 'token=[masked];' });
    });
  });
});
