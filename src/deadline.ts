/** Callers get an answer within 4 s whatever happens behind (SECURITY: no hang), and no write goes on for longer; API Gateway would wait 30. */
export const DEADLINE_MS = 3_800;
