// The sample API behind the authorizer: it answers with what the authorizer said of the caller, and knows nothing else.
type RestEvent = {
  readonly path: string;
  readonly requestContext: { readonly authorizer?: Readonly<Record<string, unknown>> | null };
};

/** What API Gateway itself adds beside the authorizer's context. */
const NOT_CONTEXT = new Set(['principalId', 'integrationLatency']);

export const handler = (event: RestEvent): Promise<{ statusCode: number; headers: Record<string, string>; body: string }> => {
  const context = Object.fromEntries(Object.entries(event.requestContext.authorizer ?? {}).filter(([name]) => !NOT_CONTEXT.has(name)));
  return Promise.resolve({
    statusCode: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify({ message: `${event.path} is open to you`, caller: context }),
  });
};
