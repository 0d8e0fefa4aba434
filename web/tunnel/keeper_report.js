// What a keeper tells people. As src/tunnel/keeper_report.c.

/**
 * @typedef {object} Status
 * @property {"connecting" | "connected" | "interrupted" | "closed"} state
 * @property {string} text  for people: why it is so, and what helps
 * @property {"direct" | "relayed" | null} path  how it travels, while connected
 */

/**
 * @typedef {object} Situation  without a session
 * @property {string} trouble  why the last visit or negotiation ended; "" for nothing
 * @property {boolean} isJoined
 * @property {import("./negotiation.js").Negotiation | null} negotiation
 */

/** Why there is no session. @param {Situation} situation */
export function reasonOf({ trouble, isJoined, negotiation }) {
    if (!isJoined) return trouble || "the signal server does not answer";
    if (!negotiation) return "the other side is not there: is `tunnel serve` running?";
    if (!negotiation.isAnswered)
        return "the other side does not answer this link; it may have been revoked, or have expired";
    return "there is no path to the other side yet: both networks may need a TURN server";
}

/** What is being done about it. @param {Situation} situation */
function progressOf(situation) {
    const { trouble, isJoined, negotiation } = situation;
    if (isJoined && !negotiation) return reasonOf(situation); // whatever was before
    if (trouble) return trouble;
    return isJoined ? "connecting to the other side" : "connecting to the signal server";
}

export class KeeperReport {
    #told = "";

    /** @param {(status: Status) => void} onstatus */
    constructor(onstatus) {
        this.onstatus = onstatus;
    }

    /** @param {Status} status */
    tell(status) {
        const told = JSON.stringify(status);
        if (told === this.#told) return;
        this.#told = told;
        this.onstatus(status);
    }

    /** @param {import("./standing.js").Standing} standing @param {Situation} situation */
    async tellOf(standing, situation) {
        const { session } = standing;
        if (!session)
            return this.tell({ state: "connecting", text: progressOf(situation), path: null });
        if (!standing.hasPath) {
            const text = "another path to the other side is looked for";
            return this.tell({ state: "interrupted", text, path: null });
        }
        const path = await session.path();
        if (standing.hasPath && session === standing.session)
            this.tell({ state: "connected", text: `connected, ${path}`, path });
    }
}
