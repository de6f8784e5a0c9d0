// SPDX-License-Identifier: BSD-2-Clause
// What the figures of the show mean, in words. Pure.

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE;
const NAMED = 4; // instances, in the sentence

/** A time span, such as "4 s" or "2 h 5 min". */
export function span(ms) {
    if (ms < MINUTE)
        return `${Math.max(0, Math.round(ms / SECOND))} s`;
    if (ms < HOUR)
        return `${Math.floor(ms / MINUTE)} min`;
    return `${Math.floor(ms / HOUR)} h ${Math.floor(ms % HOUR / MINUTE)} min`;
}

/** Whether an instance runs, but its detail says that what it is there for is not heard, reached or there (DMX, RTP-MIDI, MQTT, MIDI, evdev). */
function isAlone(detail = "") {
    return /^(lost for |not received, |nobody is heard|nobody has joined|not connected to |connecting to |not there: |no node wants |waiting for ")|(^|\S) (silent|missing)(,|;|$)/.test(detail);
}

/** How an instance is: "good", "doubtful" or "bad". Stopped by hand is doubtful, not bad. */
export function health(instance) {
    if (instance.state === "failed" || instance.state === "down")
        return "bad";
    if (instance.state !== "running" || instance.frozen || isAlone(instance.detail))
        return "doubtful";
    return instance.restarts && instance.uptime_ms < 30 * SECOND ? "doubtful" : "good";
}

/** The state of an instance in words. */
export function state(instance) {
    const times = instance.restarts === 1 ? "once" : `${instance.restarts} times`;
    let text = instance.state === "running" ? "runs" : instance.state;
    if (instance.frozen)
        text = `FROZEN, ${text}`;
    if (instance.state === "running" && instance.restarts && instance.uptime_ms < 30 * SECOND)
        text += `, restarted ${span(instance.uptime_ms)} ago (${times})`;
    else if (instance.restarts)
        text += `, restarted ${times}`;
    return instance.detail ? `${text}: ${instance.detail}` : text;
}

/** A text without the seconds until something is tried again: they would change the sentence each second. */
function still(text) {
    return text.replace(/[;,] (trying again|restart\b.*?) in [\d.]+ s$/, "");
}

/** What is wrong with an instance, in a few words. */
function trouble(instance) {
    return isAlone(instance.detail) && health(instance) !== "bad" ? instance.detail : still(state(instance));
}

/** What is wrong with some of the instances, the first ones by name. */
function troubles(some, all, words) {
    if (some.length === 1)
        return `${some[0].name} ${still(state(some[0]))}`;
    const rest = some.length - NAMED;
    return `${some.length} of ${all.length} ${words}: ${some.slice(0, NAMED).map((each) => `${each.name} (${trouble(each)})`).join(", ")}${rest > 0 ? `, and ${rest} more` : ""}`;
}

/** Those of the instances that are worst off, and how they are; while all outputs are frozen, that is no trouble of each. */
function worst(instances, frozen) {
    const bad = instances.filter((each) => health(each) === "bad");
    const doubtful = instances.filter((each) => health(each) === "doubtful" && !(frozen && each.frozen && health({...each, frozen: false}) === "good"));
    return bad.length ? ["bad", bad] : [doubtful.length || frozen || !instances.length ? "doubtful" : "good", doubtful];
}

/** A sentence about the whole show in which nothing is wrong but what was said. */
function calm(instances, said) {
    return said || (instances.length === 1 ? `${instances[0].name} runs` : instances.length ? `All ${instances.length} run` : "There is nothing that this browser may see");
}

/** One sentence about the whole show, and how it is. */
export function sentence(instances, frozen) {
    const [how, some] = worst(instances, frozen);
    const said = some.length ? troubles(some, instances, how === "bad" ? "have failed" : "are not as they should be") : "";
    return [how, frozen ? `OUTPUTS ARE FROZEN: nothing reaches the devices${said ? `. ${said}` : ""}` : calm(instances, said)];
}

/** What is wrong with an instance, without the reason. */
function plight({state: is, detail = "", frozen, restarts, uptime_ms: uptime}) {
    if (is !== "running")
        return is === "failed" ? "has failed" : `is ${is}`;
    if (frozen)
        return "is frozen";
    if (isAlone(detail))
        return detail.startsWith("no node") ? "reaches nobody" : /^(not there|waiting for)/.test(detail) ? "is not there" : /^(not connected|connecting)/.test(detail) ? "is not connected" : "is not heard";
    return restarts && uptime < 30 * SECOND ? "was restarted" : "runs";
}

/** The same in two lines of a phone, which do not change while somebody waits: the tiles have the reasons. */
export function brief(instances, frozen) {
    const [how, some] = worst(instances, frozen);
    const said = some.length ? `${some[0].name} ${plight(some[0])}${some.length > 1 ? ` (and ${some.length - 1} more)` : ""}` : "";
    return [how, frozen ? `OUTPUTS ARE FROZEN${said ? `; ${said}` : ""}` : calm(instances, said)];
}

/** Whether a role may do something to an instance. Only what is shown depends on it: the broker decides. */
export function may(who, deed, instance) {
    if (who.role === "administrator" || who.role === "user")
        return who.role === "administrator" || (deed !== "freeze" && deed !== "record");
    return who.role === "operator" && deed !== "record" && (deed !== "set" || instance?.backend === "panel");
}

/** A role with its article. */
export function article(role) {
    return `${/^[aeiou]/.test(role) && role !== "user" ? "an" : "a"} ${role}`;
}

/** A value as text. */
export function value(number) {
    return number === undefined ? "–" : number.toFixed(3);
}
