/** Many times what a healthy write takes, and far below our deadline. */
const WAIT_MS = 300;

/** Waits for a write that nothing depends on, and leaves it behind when it takes its time. @param write never rejects. */
export async function orLeftBehind(write: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, WAIT_MS);
  });
  await Promise.race([write, late]);
  clearTimeout(timer);
}
