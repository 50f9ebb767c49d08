import { PassThrough } from 'node:stream';
import { PinoLoggerService } from './pino-logger.service.js';

function setUp(format: 'json' | 'pretty', level: 'info' | 'debug' = 'info') {
  const destination = new PassThrough();
  const logger = new PinoLoggerService({ level, format, destination });
  return {
    logger,
    output: () => String(destination.read() ?? ''),
    line: () => JSON.parse(String(destination.read())) as Record<string, unknown>,
  };
}

describe('PinoLoggerService', () => {
  it('writes one JSON line per message, with level and context', () => {
    const { logger, line } = setUp('json');

    logger.log('started', 'Server');

    expect(line()).toMatchObject({ level: 'info', msg: 'started', context: 'Server' });
  });

  it('keeps the stack of an error apart from its message', () => {
    const { logger, line } = setUp('json');

    logger.error('it broke', 'Error: it broke\n    at somewhere', 'Lane');

    expect(line()).toMatchObject({ level: 'error', msg: 'it broke', context: 'Lane' });
  });

  it('writes nothing below its level', () => {
    const { logger, output } = setUp('json');

    logger.debug('details', 'Lane');
    logger.log('Mapped {/, GET} route', 'RouterExplorer');
    logger.verbose('more details', 'Lane');

    expect(output()).toBe('');
  });

  it('removes secrets by field name and by look', () => {
    const { logger, output } = setUp('json');

    logger.log({ message: 'registered', webhook: { token: 'open sesame' } }, 'Registry');
    logger.warn('signed with whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'Sending');
    logger.warn('sent Authorization: Bearer abcdefghijklmnop', 'Sending');

    const text = output();
    expect(text).not.toMatch(/sesame|MfKQ9r8|abcdefgh/);
    expect(text.match(/\[redacted\]/g)).toHaveLength(3);
  });

  it('removes secrets from errors too', () => {
    const { logger, output } = setUp('json');

    logger.error(new Error('refused: Bearer abcdefghijklmnop'), 'Sending');

    expect(output()).not.toContain('abcdefgh');
  });

  it.each(['json', 'pretty'] as const)('lets no message forge a line of its own (%s)', (format) => {
    const { logger, output } = setUp(format);

    logger.log('stream a\n[12:00:00] INFO: forged \u001b[31m', 'Feed');

    const text = output();
    expect(text.trimEnd().split('\n')).toHaveLength(1);
    expect(text).not.toContain('\u001b[31m');
  });

  it('writes text for people when asked to', () => {
    const { logger, output } = setUp('pretty');

    logger.log('listening', 'Server');

    expect(output()).toMatch(/INFO: \[Server\] listening/);
  });
});
