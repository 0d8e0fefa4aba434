// What tells a page that its machine has slept, or is on another network.

/** Until the signal aborts. `onelsewhere`: the path may be another; `onseen`: the
 * page can be seen again, and may have been asleep.
 * @param {{onelsewhere: () => void, onseen: () => void}} handlers @param {AbortSignal} signal */
export function watchMachine({ onelsewhere, onseen }, signal) {
    const { document, navigator } = /** @type {any} */ (globalThis);
    globalThis.addEventListener?.("online", onelsewhere, { signal });
    navigator?.connection?.addEventListener("change", onelsewhere, { signal });
    // From the back-forward cache, in which a page is frozen.
    globalThis.addEventListener?.("pageshow", ({ persisted }) => persisted && onelsewhere(), {
        signal,
    });
    document?.addEventListener(
        "visibilitychange",
        () => document.visibilityState === "visible" && onseen(),
        { signal },
    );
}
