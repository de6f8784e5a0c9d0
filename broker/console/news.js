// SPDX-License-Identifier: BSD-2-Clause
// What a person needs to know of the log: an exception is one line, and what somebody did is said in words. Pure.

const TOGETHER = 100; // ms between lines of one exception
const DEEDS = {restart: "restarted", start: "started", stop: "stopped", freeze: "froze", unfreeze: "unfroze", panic: "caused panic", reload: "reloaded",
    invite: "made a link for", revoke: "revoked link", record: "began a recording"};
const ALL = {freeze: "all outputs", unfreeze: "all outputs", reload: "the configuration"}; // where no name is given

/** The keys and values of a line of the audit log. */
function fields(text) {
    return Object.fromEntries([...text.matchAll(/(\w+)=("(?:[^"\\]|\\.)*"|\S+)/g)].map(([, key, value]) => [key, value.startsWith("\"") ? value.slice(1, -1).replace(/\\(["\\])/g, "$1") : value]));
}

/** Who did what to what, such as: operator "tablet" restarted cues. Nothing if nobody needs to know. */
export function deed(text) {
    const {uid, console: link, label, role, verb, subject, outcome} = fields(text);
    if (outcome !== "done" || !DEEDS[verb])
        return "";
    const who = !link ? `(uid ${uid})` : label === "-" ? `(link ${link})` : `"${label}"`;
    return [role, who, DEEDS[verb], subject === "-" ? ALL[verb] ?? "" : subject].join(" ").trim();
}

/** Puts lines of errors together, as they come: each exception becomes one item, whose text is its last line. */
class Exceptions {
    #items = new Map(); // by instance: the last one, to which lines may still belong

    /** Returns a new item, or null if the line belongs to the one before. */
    take({instance, text, time_ms: time}) {
        const known = this.#items.get(instance), [, times] = /^… repeated (once|\d+)/.exec(text) ?? [];
        if (times && known && text.endsWith(known.text)) {
            known.again += times === "once" ? 1 : Number(times);
            known.time_ms = time;
            return null;
        }
        const isTrace = text.startsWith("Traceback "), isHead = /^exception (in|while) /.test(text);
        if (known && !isHead && !times && this.#belongs(known, isTrace, time)) {
            this.#add(known, text, isTrace, time);
            return null;
        }
        const item = {instance, text, time_ms: time, level: "error", again: 0, state: isTrace ? "trace" : isHead ? "head" : "line", last: time};
        this.#items.set(instance, item);
        return item;
    }

    /** Behind its text there may be more of that, or the exception that it caused. */
    #belongs({state, last}, isTrace, time) {
        return state === "trace" || (state === "head" && isTrace) || (state === "over" && time - last < TOGETHER);
    }

    #add(item, text, isTrace, time) {
        item.last = time;
        if (isTrace)
            item.state = "trace";
        else if (item.state === "trace" && /^\S/.test(text))
            item.text = text, item.state = "over";
    }
}

/** The last items of the log that a person needs to know, newest first. */
export function news(lines, most) {
    const exceptions = new Exceptions(), found = [];
    for (const line of lines) {
        const text = line.level === "audit" ? deed(line.text) : line.text;
        const item = line.level === "error" ? exceptions.take(line) : line.level === "warning" || (line.level === "audit" && text) ? {...line, text} : null;
        if (item)
            found.push(item);
    }
    return found.slice(-most).reverse();
}
