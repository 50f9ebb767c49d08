import { Matches } from 'class-validator';
import { Satisfies } from '../validation/constraints.js';
import { Field } from '../validation/field.decorator.js';

/** `id` of a request that starts a replay. */
export function ReplayIdField(): PropertyDecorator {
  return Field(
    {
      rule: '1 to 64 letters, digits, `-` or `_`',
      isOptional: true,
      description: 'An id of your own: the same request, repeated, starts nothing twice.',
      example: 'repair-2026-08-01',
    },
    Matches(/^[A-Za-z0-9_-]{1,64}$/),
  );
}

/** `perSecond`: how fast a replay may go. */
export function RateField(options: { readonly isOptional?: true } = {}): PropertyDecorator {
  return Field(
    {
      rule: 'a whole number from 1 to 10000, or null',
      ...options,
      description: 'Most deliveries per second; `null`: as fast as the webhook takes them.',
      type: 'integer',
      minimum: 1,
      maximum: 10_000,
      example: 50,
    },
    Satisfies('isRate', isRate),
  );
}

function isRate(value: unknown): boolean {
  if (value === null) return true;
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 10_000;
}
