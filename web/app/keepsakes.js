// What the app has kept in this browser. It is the origin's, so the app of another
// provider could read it.

const PROVIDER = "tunnel provider";
const OURS = ["tunnel link", PROVIDER];
const DATABASE = "tunnel page";

/** Whether there is something, and it is of another provider.
 * @param {string} provider */
export async function areAnothers(provider) {
    const before = localStorage.getItem(PROVIDER);
    if (before === null || before === provider) return false;
    const databases = (await indexedDB.databases()).filter(({ name }) => name !== DATABASE);
    const keys = Object.keys(localStorage).filter((key) => !OURS.includes(key));
    return databases.length + keys.length + (await caches.keys()).length > 0;
}

/** @param {string} provider */
export function areFrom(provider) {
    localStorage.setItem(PROVIDER, provider);
}

/** All but what is the page's own. */
export async function removeKeepsakes() {
    for (const key of Object.keys(localStorage))
        if (!OURS.includes(key)) localStorage.removeItem(key);
    sessionStorage.clear();
    for (const name of await caches.keys()) await caches.delete(name);
    for (const { name } of await indexedDB.databases())
        if (name && name !== DATABASE)
            await new Promise((resolve) => {
                const request = indexedDB.deleteDatabase(name);
                request.onsuccess = request.onerror = request.onblocked = resolve;
            });
}
