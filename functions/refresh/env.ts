// POST /refresh issues tokens exactly as /token does, so it lives in the same environment.
export { TOKEN_ENV as REFRESH_ENV, tokenEnv as refreshEnv } from '../token/env.ts';
