// What the code under test writes to standard output, line by line, instead of the terminal.
import { vi } from 'vitest';

export type CapturedLog = {
  texts(): readonly string[];
  lines(): readonly Readonly<Record<string, unknown>>[];
  clear(): void;
  release(): void;
};

export function captureLog(): CapturedLog {
  const written: string[] = [];
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    written.push(String(chunk));
    return true;
  });
  return {
    texts: () => written,
    lines: () => written.map((text) => JSON.parse(text) as Record<string, unknown>),
    clear: () => written.splice(0),
    release: () => spy.mockRestore(),
  };
}
