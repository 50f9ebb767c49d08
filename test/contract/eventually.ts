/** Asks `current` until its answer satisfies `isDone`: for what a server does in the background. */
export async function eventually<Answer>(
  current: () => Promise<Answer>,
  isDone: (answer: Answer) => boolean,
): Promise<Answer> {
  for (;;) {
    const answer = await current();
    if (isDone(answer)) return answer;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
