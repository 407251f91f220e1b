// A middleware's own demand, or its verifier's where it has none.
import type { Demand, Verifier, Verify } from './verifier.ts';

export const verifyFor = (verifier: Verifier, demand: Demand): Verify =>
  Object.keys(demand).length === 0 ? verifier.verify : verifier.requiring(demand);
