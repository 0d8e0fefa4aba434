// Bytes that wait, in the pieces in which they came.

export class ByteQueue {
    /** @type {Uint8Array[]} */
    #pieces = [];
    length = 0;

    /** Keeps the piece. @param {Uint8Array} piece */
    push(piece) {
        this.#pieces.push(piece);
        this.length += piece.length;
    }

    /** Fills that from the front; there must be as many. @param {Uint8Array} to */
    take(to) {
        for (let at = 0; at < to.length;) {
            const piece = this.#pieces[0].subarray(0, to.length - at);
            to.set(piece, at);
            at += piece.length;
            this.#drop(piece.length);
        }
    }

    /** So many from the front, which stay; null when there are fewer.
     * @param {number} length */
    peek(length) {
        if (this.length < length) return null;
        const out = new Uint8Array(length);
        let at = 0;
        for (let i = 0; at < length; i++) {
            const piece = this.#pieces[i].subarray(0, length - at);
            out.set(piece, at);
            at += piece.length;
        }
        return out;
    }

    /** The first piece. */
    shift() {
        const piece = this.#pieces[0];
        if (piece) this.#drop(piece.length);
        return piece;
    }

    clear() {
        this.#pieces = [];
        this.length = 0;
    }

    /** Of the first piece. @param {number} length */
    #drop(length) {
        const first = this.#pieces[0];
        this.length -= length;
        if (length === first.length) this.#pieces.shift();
        else this.#pieces[0] = first.subarray(length);
    }
}
