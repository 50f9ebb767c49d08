import { type ArgumentMetadata, Injectable, type PipeTransform, type Type } from '@nestjs/common';
import { validate, type ValidationError } from 'class-validator';
import { type FieldProblem, PosthornError } from '../../kernel/index.js';
import { type FieldDefinition, fieldsOf } from './field.decorator.js';

/** Deeper than any event that means something; what comes after may recurse without fear. */
const MAX_DEPTH = 128;
const MAX_PROBLEMS = 100;
const MAX_SHOWN_LENGTH = 200;

/**
 * Turns what was sent into an instance of the request class of a handler, or refuses it with every mistake at once.
 *
 * Values that a request class leaves open, such as the data of an event, are passed on exactly as they were sent: nothing
 * is copied, stripped or converted, because they are stored. (Nest's own pipe drops the keys `__proto__` and
 * `constructor` wherever they are.)
 */
@Injectable()
export class RequestPipe implements PipeTransform {
  /** @throws PosthornError `PSH_API_INVALID_INPUT`, `PSH_API_BODY_TOO_DEEP` */
  async transform(value: unknown, { metatype, type }: ArgumentMetadata): Promise<unknown> {
    if (type === 'body' && isObject(value)) refuseDeepNesting(value);
    if (!metatype || fieldsOf(metatype).size === 0) return value;
    const given = value ?? {};
    if (!isRecord(given)) {
      throw invalidInput([
        { field: '', message: 'must be a JSON object', fix: 'Send one JSON object.' },
      ]);
    }
    const problems: FieldProblem[] = [];
    const request = instantiate(metatype, given, '', problems);
    const errors = await validate(request, {
      forbidUnknownValues: true,
      validationError: { target: false, value: false },
    });
    problems.push(...errors.flatMap((error) => toProblems(error, metatype)));
    if (problems.length > 0) throw invalidInput(problems.slice(0, MAX_PROBLEMS));
    return request;
  }
}

/** The error for mistakes in the fields of a request. */
export function invalidInput(problems: readonly FieldProblem[]): PosthornError {
  const summary = problems.map(({ field, message }) => `${field || 'the input'} ${message}`);
  return new PosthornError('PSH_API_INVALID_INPUT', summary.slice(0, 5).join('; '), { problems });
}

/** Only known fields are taken over, so a field named `__proto__` or `constructor` is refused like any unknown one. */
function instantiate(
  request: Type,
  given: Record<string, unknown>,
  path: string,
  problems: FieldProblem[],
): object {
  const instance = new request() as Record<string, unknown>;
  const fields = fieldsOf(request);
  for (const [name, value] of Object.entries(given)) {
    const field = fields.get(name);
    if (!field) problems.push(unknownField(`${path}${name}`, fields));
    else if (field.nested) instance[name] = nest(field, value, path + name, problems);
    else instance[name] = value;
  }
  return instance;
}

/** What is no object where one belongs becomes `null`, which no validator lets pass. */
function nest(
  { nested, isArray }: FieldDefinition,
  value: unknown,
  path: string,
  problems: FieldProblem[],
): unknown {
  const one = (item: unknown, at: string): unknown =>
    nested && isRecord(item) ? instantiate(nested(), item, `${at}.`, problems) : null;
  return isArray && Array.isArray(value)
    ? value.map((item: unknown, index) => one(item, `${path}[${String(index)}]`))
    : one(value, path);
}

function unknownField(path: string, fields: ReadonlyMap<string, FieldDefinition>): FieldProblem {
  return {
    field: path.slice(0, MAX_SHOWN_LENGTH),
    message: 'is not a known field',
    fix: `Remove it. Known are: ${[...fields.keys()].join(', ')}.`,
  };
}

function toProblems(error: ValidationError, request: Type, path = ''): FieldProblem[] {
  const field = `${path}${error.property}`;
  const definition = fieldsOf(request).get(error.property);
  const nested = definition?.nested?.();
  if (nested && !error.constraints) {
    return (error.children ?? []).flatMap((child) => toNestedProblems(child, nested, field));
  }
  const rule = definition?.rule ?? 'something else';
  return [{ field, message: `must be ${rule}`, fix: `Give ${rule}.` }];
}

function toNestedProblems(child: ValidationError, request: Type, path: string): FieldProblem[] {
  if (!/^\d+$/.test(child.property)) return toProblems(child, request, `${path}.`);
  const field = `${path}[${child.property}]`;
  if (child.constraints) {
    return [{ field, message: 'must be an object', fix: 'Give an object.' }];
  }
  return (child.children ?? []).flatMap((inner) => toProblems(inner, request, `${field}.`));
}

/** Walks without recursion: a body of a few hundred kilobytes can be nested deeper than any stack. */
function refuseDeepNesting(body: object): void {
  let level: object[] = [body];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw new PosthornError('PSH_API_BODY_TOO_DEEP');
    level = level.flatMap((value) => Object.values(value).filter(isObject));
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Whether `value` is an object with keys: not `null`, not an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return isObject(value) && !Array.isArray(value);
}
