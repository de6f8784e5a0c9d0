// SPDX-License-Identifier: BSD-2-Clause
// What this page sets: the values of a channel strictly one after the other, so that a release never overtakes
// its press. A release is tried again until it is delivered; what is late otherwise is not, for it would surprise.

import {contact} from "./contact.js";

const PAUSE = 33; // ms between two values of a fader
const LEAST = 100, MOST = 1000; // ms between two tries
const TRIES = 5; // of a fader's newest value
const LATE = 1500; // ms after which a press is not sent any more

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const emits = new Map();

class Emits {
    #waiting = [];
    #isRunning = false;
    #isStuck = false; // a release has not been delivered yet

    constructor(channel) {
        this.channel = channel;
    }

    /** Whether something is under way, so that what comes from the show is older. */
    get isBusy() {
        return this.#isRunning;
    }

    /** Sets a value that is one of many: of those that wait only the newest is sent. */
    slide(value) {
        if (this.#waiting.at(-1)?.isSlide)
            this.#waiting.pop();
        this.#add({isSlide: true, send: () => this.#slide(value)});
    }

    /** Sets a value, once. */
    set(value) {
        this.#add({send: () => contact.act("emit", [this.channel], {value})});
    }

    press() {
        const began = performance.now();
        this.#add({send: () => this.#isLate(began) ? this.#say("not pressed: no contact with the show") : contact.act("emit", [this.channel], {value: 1, hold: contact.page})});
    }

    release() {
        this.#add({send: () => this.#release()});
    }

    #add(emit) {
        if (this.#isStuck)
            return; // the release under way is all that there is to say
        this.#waiting.push(emit);
        this.#run();
    }

    async #run() {
        if (this.#isRunning)
            return;
        this.#isRunning = true;
        while (this.#waiting.length)
            await this.#waiting.shift().send();
        this.#isRunning = false;
    }

    #isLate(began) {
        return performance.now() - began > LATE;
    }

    #say(text) {
        contact.say(false, `${this.channel}: ${text}`);
    }

    async #slide(value) {
        let reply;
        for (let tries = 0; tries < TRIES && !this.#waiting.length; tries++) {
            reply = await contact.deliver("emit", [this.channel], {value});
            await sleep(reply.again ? LEAST << tries : PAUSE);
            if (!reply.again)
                break;
        }
        if (reply)
            contact.report("emit", [this.channel], reply);
    }

    async #release() {
        for (let pause = LEAST; ; pause = Math.min(2 * pause, MOST)) {
            const reply = await contact.deliver("emit", [this.channel], {value: 0, hold: contact.page});
            if (!reply.again && reply.outcome !== "busy") { // it is, while a show starts
                this.#isStuck = false;
                return contact.report("emit", [this.channel], reply);
            }
            if (!this.#isStuck)
                this.#say("not let go yet; trying again");
            this.#isStuck = true;
            this.#waiting = [];
            await sleep(pause);
        }
    }
}

/** What is set on a channel, whichever page of the console does. */
export function emitsOf(channel) {
    if (!emits.has(channel))
        emits.set(channel, new Emits(channel));
    return emits.get(channel);
}
