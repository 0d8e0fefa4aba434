// Pauses that double, with jitter so that two ends do not keep in step.

export class Backoff {
    /** @param {number} first @param {number} most  in ms */
    constructor(first, most) {
        this.first = first;
        this.most = most;
        this.pause = first;
    }

    /** The next pause: between half of it and all. */
    next() {
        const pause = this.pause;
        this.pause = Math.min(pause * 2, this.most);
        return pause * (0.5 + Math.random() / 2);
    }

    reset() {
        this.pause = this.first;
    }
}
