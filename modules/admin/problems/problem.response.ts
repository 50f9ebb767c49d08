import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

class FieldProblemResponse {
  @ApiProperty({
    example: 'url',
    description: 'Path of the field; empty for the input as a whole.',
  })
  readonly field!: string;

  @ApiProperty({ example: 'must be an https URL' })
  readonly message!: string;

  @ApiProperty({ example: 'Use https.' })
  readonly fix!: string;
}

/** OpenAPI description of an error (RFC 9457). */
export class ProblemResponse {
  @ApiProperty({ example: 'urn:posthorn:error:PSH_API_INVALID_INPUT' })
  readonly type!: string;

  @ApiProperty({ description: 'Names the kind of problem; the same for every occurrence.' })
  readonly title!: string;

  @ApiProperty({ example: 400 })
  readonly status!: number;

  @ApiProperty({ description: 'What happened this time.' })
  readonly detail!: string;

  @ApiPropertyOptional({ example: 'PSH_API_INVALID_INPUT', description: 'The stable code.' })
  readonly code?: string;

  @ApiPropertyOptional({ description: 'What the caller can do about it.' })
  readonly fix?: string;

  @ApiPropertyOptional({ type: [FieldProblemResponse], description: 'Every mistake in the input.' })
  readonly problems?: readonly FieldProblemResponse[];
}
