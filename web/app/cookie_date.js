// Dates of cookies (RFC 6265 section 5.1.1), which servers write in many ways.

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DELIMITERS = /[\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+/;

/** A year of two digits is of this century or the last one. @param {number} year */
function wholeYear(year) {
    if (year >= 70 && year <= 99) return year + 1900;
    return year <= 69 ? year + 2000 : year;
}

/** In ms since 1970; null for what is none. @param {string} text */
export function parseCookieDate(text) {
    /** @type {number[] | undefined} */
    let time;
    /** @type {number | undefined} */
    let day, month, year;
    for (const token of text.split(DELIMITERS)) {
        const clock = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(\D|$)/.exec(token);
        const monthAt = MONTHS.indexOf(token.slice(0, 3).toLowerCase());
        if (!time && clock) time = clock.slice(1, 4).map(Number);
        else if (day === undefined && /^\d{1,2}(\D|$)/.test(token)) day = parseInt(token);
        else if (month === undefined && monthAt >= 0) month = monthAt;
        else if (year === undefined && /^\d{2,4}(\D|$)/.test(token))
            year = wholeYear(parseInt(token));
    }
    if (!time || day === undefined || month === undefined || year === undefined) return null;
    const [hour, minute, second] = time;
    if (day < 1 || year < 1601 || hour > 23 || minute > 59 || second > 59) return null;
    const at = new Date(Date.UTC(year, month, day, hour, minute, second));
    return at.getUTCDate() === day ? at.getTime() : null; // no 31st of February
}
