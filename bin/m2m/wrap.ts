/** For text to be read: as wide as the terminal, but no wider than one likes to read; 80 characters where there is none. */
export const textWidth = (): number => (process.stdout.isTTY ? Math.min(Math.max(process.stdout.columns, 60), 100) : 80);

/** Breaks at spaces, so that no line is longer than `width`, unless a word is. */
export function wrap(text: string, width = textWidth()): readonly string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}
