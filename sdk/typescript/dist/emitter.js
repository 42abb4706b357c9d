/** Events that a slow reader of `events()` may be behind. */
const QUEUE = 1000;
export class Events {
    #listeners = new Map();
    #readers = new Set();
    on(event, fn, opts = {}) {
        const listeners = this.#listeners.get(event) ?? new Set();
        this.#listeners.set(event, listeners.add(fn));
        const remove = () => void listeners.delete(fn);
        opts.signal?.addEventListener("abort", remove, { once: true });
        return remove;
    }
    async *events(opts = {}) {
        const { signal } = opts;
        const queue = [];
        let wake = () => { };
        const read = (event) => {
            if (queue.push(event) > QUEUE)
                queue.shift();
            wake();
        };
        const stop = () => wake();
        this.#readers.add(read);
        signal?.addEventListener("abort", stop, { once: true });
        try {
            while (!signal?.aborted) {
                while (queue.length > 0)
                    yield queue.shift();
                if (!signal?.aborted)
                    await new Promise((resolve) => (wake = resolve));
            }
        }
        finally {
            this.#readers.delete(read);
            signal?.removeEventListener("abort", stop);
        }
    }
    emit(type, event) {
        for (const listener of [...(this.#listeners.get(type) ?? [])])
            guarded(listener, event);
        for (const reader of this.#readers)
            reader({ type, ...event });
    }
}
/** Tells its subscribers once for all changes of one turn; a snapshot is made when somebody asks. */
export class Store {
    #subscribers = new Set();
    #make;
    #snapshot;
    #isTold = true;
    constructor(make) {
        this.#make = make;
    }
    subscribe = (onChange) => {
        // A function of its own, so that the same one may subscribe twice.
        const subscriber = () => onChange();
        this.#subscribers.add(subscriber);
        return () => void this.#subscribers.delete(subscriber);
    };
    get = () => (this.#snapshot ??= this.#make());
    changed() {
        this.#snapshot = undefined;
        if (!this.#isTold)
            return;
        this.#isTold = false;
        queueMicrotask(() => {
            this.#isTold = true;
            for (const subscriber of [...this.#subscribers])
                guarded(subscriber, undefined);
        });
    }
}
/** An application's fault in a listener must not stop the client: it is reported as if nobody had called. */
function guarded(fn, value) {
    try {
        fn(value);
    }
    catch (error) {
        queueMicrotask(() => {
            throw error;
        });
    }
}
