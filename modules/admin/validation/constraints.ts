import { registerDecorator } from 'class-validator';

/** Accepts the values for which `predicate` holds. */
export function Satisfies(name: string, predicate: (value: unknown) => boolean): PropertyDecorator {
  return (target, property) => {
    registerDecorator({
      name,
      target: target.constructor,
      propertyName: String(property),
      validator: { validate: predicate },
    });
  };
}

/** Accepts any value that is there, `null` too. */
export function IsGiven(): PropertyDecorator {
  return Satisfies('isGiven', (value) => value !== undefined);
}

// eslint-disable-next-line no-control-regex -- what it looks for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\p{Surrogate}]/u;

/** A name of 1 to `maxLength` characters: no control characters, no halves of characters. */
export function isName(value: unknown, maxLength: number): value is string {
  return isText(value, maxLength) && !UNPRINTABLE.test(value);
}

/** Accepts what `isName` accepts. */
export function IsName(maxLength: number): PropertyDecorator {
  return Satisfies('isName', (value) => isName(value, maxLength));
}

/** A date and time of ISO 8601 with an offset, or a date, that really exists. */
export function isTime(value: unknown): value is string {
  return isText(value, 40) && ISO_TIME.test(value) && !Number.isNaN(Date.parse(value));
}

/** Accepts what `isTime` accepts. */
export function IsTime(): PropertyDecorator {
  return Satisfies('isTime', isTime);
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/;

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= maxLength;
}
