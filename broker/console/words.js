// SPDX-License-Identifier: BSD-2-Clause
// What the figures of the show mean, in words. Pure.

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE;

/** A time span, such as "4 s" or "2 h 5 min". */
export function span(ms) {
    if (ms < MINUTE)
        return `${Math.max(0, Math.round(ms / SECOND))} s`;
    if (ms < HOUR)
        return `${Math.floor(ms / MINUTE)} min`;
    return `${Math.floor(ms / HOUR)} h ${Math.floor(ms % HOUR / MINUTE)} min`;
}

/** How an instance is: "good", "doubtful" or "bad". Stopped by hand is doubtful, not bad. */
export function health(instance) {
    if (instance.state === "failed" || instance.state === "down")
        return "bad";
    if (instance.state !== "running" || instance.frozen)
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

/** One sentence about the whole show, and how it is. */
export function sentence(instances, frozen) {
    const bad = instances.filter((each) => health(each) === "bad");
    const doubtful = instances.filter((each) => health(each) === "doubtful");
    if (bad.length)
        return ["bad", bad.length === 1 ? `${bad[0].name} ${state(bad[0])}` : `${bad.length} of ${instances.length} have failed: ${bad.map((each) => each.name).join(", ")}`];
    if (frozen)
        return ["doubtful", "OUTPUTS ARE FROZEN: nothing reaches the devices"];
    if (doubtful.length)
        return ["doubtful", doubtful.length === 1 ? `${doubtful[0].name} ${state(doubtful[0])}` : `${doubtful.length} of ${instances.length} are not as they should be: ${doubtful.map((each) => each.name).join(", ")}`];
    return instances.length ? ["good", instances.length === 1 ? `${instances[0].name} runs` : `All ${instances.length} run`] : ["doubtful", "There is nothing to see"];
}

/** Whether a role may do something to an instance. Only what is shown depends on it: the broker decides. */
export function may(who, deed, instance) {
    if (who.role === "administrator" || who.role === "user")
        return who.role === "administrator" || (deed !== "freeze" && deed !== "record");
    return who.role === "operator" && deed !== "record" && (deed !== "set" || instance?.backend === "panel");
}

/** A value as text. */
export function value(number) {
    return number === undefined ? "–" : number.toFixed(3);
}
