import { parseDeliveryControl } from './delivery-control.js';

describe('the webhook-delivery header', () => {
  it.each([
    ['disable', 'disable'],
    [' Disable ', 'disable'],
    ['abort-message', 'abort-message'],
    ['abort-message, disable', 'disable'],
    [['abort-message', 'disable'], 'disable'],
    ['later', null],
    ['', null],
    [undefined, null],
  ])('%j asks for %j', (value, control) => {
    expect(parseDeliveryControl(value)).toBe(control);
  });
});
