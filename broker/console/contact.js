// SPDX-License-Identifier: BSD-2-Clause
// The contact with the desk: one stream of events down, small requests up. What has come is kept here.

import {health} from "./words.js";

const LINES = 1000, AGE = 3000, SPARK = 30;
const LEAST = 100, MOST = 2000, TRIES = 8; // ms between two tries, and how many are made
const CLOCK = 60_000; // ms after which the show's clock is looked at again
const SAFE = new Set(["status", "routes", "channels", "logs", "enter"]); // may be repeated, however late
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Contact extends EventTarget {
    who = {role: "", label: ""};
    instances = new Map();
    values = new Map();
    lines = [];
    signedOut = false;
    isLinkSpent = false; // the link by which it wanted to come in is good for nothing
    isTold = false; // the show has been heard of
    why = ""; // the desk lets this page have no stream
    frozen = false; // nothing is put out to devices
    hasPanic = false;
    page = crypto.getRandomValues(new Uint32Array(1))[0] || 1; // by which the desk knows who holds a button
    #stream = null;
    #watch = [];
    #next = [];
    #heard = performance.now();
    #opened = 0;
    #known = new Map();
    #ahead = 0; // ms that the show's clock is ahead of this machine's
    #asked = -Infinity; // when it was last looked at

    /** Milliseconds since the show was last heard of. */
    get age() {
        return performance.now() - this.#heard;
    }

    /** The show's time, in ms. */
    get time() {
        return Date.now() + this.#ahead;
    }

    get isLost() {
        return this.age > AGE;
    }

    /** Asks the broker for something; resolves to its reply. Names hold no line breaks. */
    async ask(verb, names = [], more = {}) {
        const lines = [`verb ${verb}`, ...names.map((name) => `name ${name}`), ...Object.entries(more).map(([key, value]) => `${key} ${value}`)];
        for (let tries = 0, pause = LEAST; ; tries++, pause = Math.min(2 * pause, MOST)) {
            const response = await fetch("/api/ask", {method: "POST", headers: {"Content-Type": "application/x-firecurtain"}, body: lines.join("\n"), keepalive: "hold" in more});
            this.#compareClocks(response);
            const again = response.status === 429 || response.status === 503, isSafe = SAFE.has(verb);
            if (again && (isSafe ? tries < TRIES : response.status === 503 && tries < 5)) {
                await sleep(isSafe ? pause * (0.5 + Math.random()) : LEAST); // not all browsers at once
                continue;
            }
            if (response.status === 401)
                this.#signOut();
            if (!response.ok)
                return {outcome: "failed", text: await response.text(), again};
            return response.json();
        }
    }

    /** Asks for all pages of a list, until they have come; an Error says why they do not. */
    async list(verb, member, names = []) {
        const found = [];
        for (let from = 0; ;) {
            const reply = await this.deliver(verb, names, {from});
            if (reply.again) {
                await sleep(MOST * (0.5 + Math.random()));
                continue;
            }
            if (reply.outcome !== "done")
                throw new Error(`${reply.outcome}${reply.text ? `; ${reply.text}` : ""}`);
            found.push(...(reply[member] ?? []));
            if (!reply.next)
                return found;
            from = reply.next;
        }
    }

    /** Carries out a deed and says how it went. */
    async act(verb, names, more) {
        const reply = await this.deliver(verb, names, more);
        this.report(verb, names, reply);
        return reply;
    }

    /** Carries out a deed. Its reply has `again` if it was not delivered, or nobody knows. */
    async deliver(verb, names, more) {
        try {
            return await this.ask(verb, names, more);
        } catch {
            return {outcome: "failed", text: "no contact with the show", again: true};
        }
    }

    /** Says how a deed went. */
    report(verb, names, reply) {
        if (reply.outcome === "refused" && this.who.pin && !this.who.locked)
            this.#open(); // it has locked itself meanwhile: find out
        if (reply.outcome !== "done" || verb !== "emit" || reply.text)
            this.say(reply.outcome === "done", `${[verb, ...names].join(" ")}: ${reply.outcome}${reply.text ? `; ${reply.text}` : ""}`);
    }

    say(good, text) {
        this.#tell("said", {good, text});
    }

    async enter(token) {
        const reply = await this.ask("enter", [], token ? {token} : {});
        if (reply.outcome === "done") {
            this.signedOut = this.isLinkSpent = false;
            this.#open();
        } else if (reply.again) {
            throw new Error(reply.text);
        } else if (token) {
            this.isLinkSpent = true;
            await this.enter(); // a link that was opened here before: the browser is signed in already
        }
    }

    /** Connects anew if nothing has come for long: a network that is back does not say so. */
    nudge() {
        if (performance.now() - this.#asked > CLOCK) {
            this.#asked = performance.now();
            fetch("icon.svg").then((response) => this.#compareClocks(response), () => {});
        }
        if (this.#stream && this.age > 2 * AGE && performance.now() - this.#opened > 2 * AGE)
            this.#open();
    }

    /** Unlocks the browser by its PIN, or locks it; what it may do then comes with a new stream. */
    async lock(pin) {
        const reply = pin ? await this.act("unlock", [], {pin}) : await this.act("lock", []);
        if (reply.outcome === "done" && this.#stream)
            this.#open();
        return reply;
    }

    /** Watches the channels that fit these patterns from now on, and no others. */
    watch(patterns) {
        if (patterns.join("\n") === this.#watch.join("\n"))
            return;
        this.#watch = patterns;
        this.values.clear();
        if (!this.signedOut && this.#stream)
            this.#open();
    }

    /** An answer says when it was given, in whole seconds. */
    #compareClocks(response) {
        const ahead = Date.parse(response.headers.get("Date")) + 500 - Date.now();
        this.#asked = performance.now();
        if (Math.abs(ahead - this.#ahead) > 1000)
            this.#ahead = ahead;
    }

    #tell(type, detail) {
        this.dispatchEvent(new CustomEvent(type, {detail}));
    }

    #signOut() {
        this.signedOut = true;
        this.#stream?.close();
        this.#stream = null;
        this.#tell("out");
    }

    #open() {
        const query = new URLSearchParams([["log", "1"], ["page", this.page], ...this.#watch.map((pattern) => ["watch", pattern])]);
        this.#stream?.close();
        this.#opened = performance.now();
        const path = `/api/events?${query}`, stream = this.#stream = new EventSource(path);
        const on = (type, fn) => stream.addEventListener(type, (event) => stream === this.#stream && fn(JSON.parse(event.data)));
        on("hello", (reply) => this.#hello(reply));
        on("status", (reply) => this.#status(reply));
        on("log", (reply) => this.#log(reply));
        on("values", (values) => this.#fresh(values));
        on("bye", () => this.#signOut());
        stream.onerror = () => {
            if (stream === this.#stream && stream.readyState === EventSource.CLOSED)
                this.#refused(path).finally(() => setTimeout(() => this.enter().catch(() => stream.onerror()), LEAST + MOST * Math.random()));
        };
    }

    /** Finds out why there is no stream, which an EventSource does not tell. */
    async #refused(path) {
        const end = new AbortController();
        try {
            const response = await fetch(path, {signal: end.signal});
            this.why = response.ok || response.status === 401 ? "" : await response.text();
        } catch {
            this.why = "";
        }
        end.abort();
    }

    #hello(reply) {
        this.who = reply.invites[0];
        this.why = "";
        this.lines.length = 0; // the last ones come again
        this.#next = [];
        this.#tell("hello");
    }

    #status(reply) {
        this.#next.push(...(reply.instances ?? []));
        this.#heard = performance.now();
        this.frozen = reply.frozen ?? false;
        this.hasPanic = reply.panic ?? false;
        if (reply.next)
            return;
        this.isTold = true;
        this.instances = new Map(this.#next.map((each) => [each.name, this.#compare(each)]));
        this.#next = [];
        this.#tell("status");
    }

    /** Adds what only a comparison with the last second says: how much was going on, and when something was last. */
    #compare(instance) {
        const now = performance.now();
        const known = this.#known.get(instance.name) ?? {spark: [], in: instance.events_in, out: instance.events_out, inAt: 0, outAt: 0};
        if (instance.events_in !== known.in)
            known.inAt = now;
        if (instance.events_out !== known.out)
            known.outAt = now;
        known.spark.push(Math.max(0, instance.events_in - known.in + instance.events_out - known.out));
        known.spark.splice(0, known.spark.length - SPARK);
        known.in = instance.events_in;
        known.out = instance.events_out;
        this.#known.set(instance.name, known);
        const age = (at) => at ? now - at : undefined;
        return {...instance, health: health(instance), spark: known.spark, in_ms: instance.heard_ms ?? age(known.inAt), out_ms: age(known.outAt)};
    }

    #log(reply) {
        this.lines.push(...(reply.lines ?? []));
        this.lines.splice(0, this.lines.length - LINES);
        this.#tell("log", reply.lines ?? []);
    }

    #fresh(values) {
        for (const [channel, value] of Object.entries(values))
            this.values.set(channel, value);
        this.#tell("values", values);
    }
}

export const contact = new Contact();
