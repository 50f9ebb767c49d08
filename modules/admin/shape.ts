/** The plain shape of a response class, which itself only tells OpenAPI what is answered. */
export type Shape<Response> = { readonly [Key in keyof Response]: Response[Key] };
