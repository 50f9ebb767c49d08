import { applyDecorators, type Type } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { ValidateIf, ValidateNested } from 'class-validator';

const FIELDS = Symbol('posthorn.fields');

/** What is known of one field of a request beyond its validators. */
export interface FieldDefinition {
  /** What the field may be, completing "must be ...". */
  readonly rule: string;
  /** Class of the objects in it, where it holds objects of a fixed shape. */
  readonly nested?: () => Type;
  readonly isArray: boolean;
}

/** How a field of a request is described; the rest goes to OpenAPI as it is. */
export interface FieldOptions {
  readonly rule: string;
  readonly isOptional?: true;
  readonly nested?: () => Type;
  readonly isArray?: true;
  readonly type?: 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array';
  readonly description?: string;
  readonly example?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly additionalProperties?: true;
  readonly oneOf?: readonly object[];
}

/**
 * One field of a request: its validators, the rule that a refusal names, and its OpenAPI description, together. A field
 * that is not optional must be there; `null` never counts as absent.
 */
export function Field(
  options: FieldOptions,
  ...validators: readonly PropertyDecorator[]
): PropertyDecorator {
  const { rule, isOptional, nested, type, ...description } = options;
  const api = {
    description: `${rule.charAt(0).toUpperCase()}${rule.slice(1)}.`,
    ...description,
    required: isOptional !== true,
    // OpenAPI knows a class that is given later by the name of the function: `type`.
    ...(nested ? { type: () => nested() } : type && { type }),
  } as ApiPropertyOptions;
  return applyDecorators(
    ApiProperty(api),
    ...(isOptional ? [ifGiven] : []),
    ...(nested ? [ValidateNested({ each: description.isArray === true })] : []),
    ...validators,
    remember({ rule, isArray: description.isArray === true, ...(nested && { nested }) }),
  );
}

const ifGiven: PropertyDecorator = (target, property) => {
  ValidateIf((request: object) => Reflect.get(request, property) !== undefined)(target, property);
};

/** The fields of a request class, by name. */
export function fieldsOf(request: Type): ReadonlyMap<string, FieldDefinition> {
  return definedFields(request.prototype as object) ?? new Map<string, FieldDefinition>();
}

function remember(definition: FieldDefinition): PropertyDecorator {
  return (target, property) => {
    const fields = new Map(definedFields(target)).set(String(property), definition);
    Reflect.defineMetadata(FIELDS, fields, target);
  };
}

function definedFields(target: object): Map<string, FieldDefinition> | undefined {
  return Reflect.getMetadata(FIELDS, target) as Map<string, FieldDefinition> | undefined;
}
