// Content-Encoding: gzip, undone. A body is any number of members, one behind the
// other (RFC 1952 section 2.2), but a DecompressionStream takes one: what is
// behind it is an error, and with that all is lost that nobody has read yet. Nor
// does it say where its member ends. So the bytes are cut wherever another may
// begin. It does if the four bytes before are the length of all that has come of
// this one, as its trailer has it; the DecompressionStream's own end then says
// whether that was true.

/** How a member begins: two magic numbers, and the one method there is. */
const HEAD = [0x1f, 0x8b, 8];

/** Where a HEAD is from there on, or the part of one that ends the bytes; their
 * length if there is none.
 * @param {Uint8Array} bytes @param {number} from */
function findHead(bytes, from) {
    for (;;) {
        const at = bytes.indexOf(HEAD[0], from);
        if (at < 0) return bytes.length;
        if (HEAD.every((byte, i) => (bytes[at + i] ?? byte) === byte)) return at;
        from = at + 1;
    }
}

class Member {
    /** @type {Promise<ReadableStreamReadResult<Uint8Array>> | null} */
    #read = null;
    #length = 0; // of what has come out
    #tail = 0; // the last four bytes that went in, the lowest first

    /** @param {(bytes: Uint8Array) => void} pass */
    constructor(pass) {
        const { writable, readable } = new DecompressionStream("gzip");
        this.pass = pass;
        this.writer = writable.getWriter();
        this.reader = readable.getReader();
    }

    /** Passes on all that there is once that is done. In a race the first of those
     * that are ready wins, so nothing is left behind.
     * @param {Promise<void>} done */
    async #drain(done) {
        for (;;) {
            this.#read ??= this.reader.read();
            const result = await Promise.race([this.#read, done]);
            if (!result?.value) return;
            this.#read = null;
            this.#length += result.value.length;
            this.pass(result.value);
        }
    }

    /** @param {Uint8Array} bytes */
    write(bytes) {
        for (const byte of bytes.subarray(-4)) this.#tail = (this.#tail >>> 8) | (byte << 24);
        return this.#drain(this.writer.write(bytes));
    }

    isComplete() {
        return this.#tail >>> 0 === this.#length % 2 ** 32;
    }

    /** An error if it was not whole. */
    async end() {
        const closed = this.writer.close();
        await this.#drain(closed);
        await closed;
    }
}

/** Of a TransformStream. As in fetch(), nothing at all is empty, and no error.
 * @implements {Transformer<Uint8Array, Uint8Array>} */
export class Gunzip {
    /** @type {Member | null} */
    #member = null;

    /** @param {Uint8Array} chunk
     * @param {TransformStreamDefaultController<Uint8Array>} controller */
    async transform(chunk, controller) {
        for (let at = 0; at < chunk.length;) {
            const next = findHead(chunk, at + 1);
            if (chunk[at] === HEAD[0] && this.#member?.isComplete()) {
                await this.#member.end();
                this.#member = null;
            }
            this.#member ??= new Member((bytes) => controller.enqueue(bytes));
            await this.#member.write(chunk.subarray(at, next));
            at = next;
        }
    }

    async flush() {
        await this.#member?.end();
    }
}
