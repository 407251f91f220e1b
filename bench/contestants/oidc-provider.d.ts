// The package has no types of its own; this is what the benchmark uses of it.
declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http';

  export class Provider {
    constructor(issuer: string, configuration: object);
    /** Believes X-Forwarded-* (Koa). */
    proxy: boolean;
    callback(): RequestListener;
  }
}
