// What a screen reader hears of new messages: one is read out, several are counted, at most once a second,
// and never the list itself, which readers would read again and again.

export interface Announced {
  sender: string;
  text: string;
}

const PAUSE_MS = 1000;

/** Calls `say` with what came since it was called last, at most once a second. */
export function announcer(say: (messages: readonly Announced[]) => void, pauseMs = PAUSE_MS) {
  let waiting: Announced[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  const flush = () => {
    timer = undefined;
    if (waiting.length === 0) return;
    say(waiting);
    waiting = [];
    timer = setTimeout(flush, pauseMs);
  };

  return {
    add(message: Announced) {
      waiting.push(message);
      timer ??= setTimeout(flush, 0);
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
      waiting = [];
    },
  };
}
