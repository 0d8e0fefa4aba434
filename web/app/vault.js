// A text that is kept from one visit to the next, encrypted: the key is in the
// browser, too, and no script can carry it away. For cookies, among which there
// are logins.

const NAME = "tunnel page";
const ALGORITHM = "AES-GCM";

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
const done = (request) =>
    new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });

async function open() {
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(NAME);
    const database = await done(opening);
    return (/** @type {IDBTransactionMode} */ mode) =>
        database.transaction(NAME, mode).objectStore(NAME);
}

async function newKey() {
    return crypto.subtle.generateKey({ name: ALGORITHM, length: 256 }, false, [
        "encrypt",
        "decrypt",
    ]);
}

/** What is in it is gone when another name comes: it is of one provider.
 * @param {string} name */
export async function openVault(name) {
    const store = await open();
    const kept = await done(store("readonly").get("kept"));
    const isSame = kept?.name === name;
    /** @type {CryptoKey} */
    const key = isSame ? kept.key : await newKey();
    const decrypted = async () =>
        new TextDecoder().decode(
            await crypto.subtle.decrypt({ name: ALGORITHM, iv: kept.iv }, key, kept.sealed),
        );
    return {
        /** @type {string | null} */
        text: isSame ? await decrypted().catch(() => null) : null,
        /** @param {string} text */
        async keep(text) {
            const iv = crypto.getRandomValues(new Uint8Array(12));
            const bytes = new TextEncoder().encode(text);
            const sealed = await crypto.subtle.encrypt({ name: ALGORITHM, iv }, key, bytes);
            await done(store("readwrite").put({ name, key, iv, sealed }, "kept"));
        },
    };
}

/** @returns {Promise<void>} */
export async function emptyVault() {
    await done((await open())("readwrite").clear());
}
