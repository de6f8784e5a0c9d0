// SPDX-License-Identifier: BSD-2-Clause
// The page Recordings: makes one, which comes as a stream and is kept in this page until it is saved, and says how to replay it.

import {contact} from "./contact.js";
import {make} from "./elements.js";
import {may, span} from "./words.js";

const MOST = 512 * 1024 * 1024; // bytes of a recording that this page keeps

/** A recording, which outlives the page Recordings, but not the window. */
class Recording {
    blocks = [];
    bytes = 0;
    began = new Date();
    ended = null;
    trouble = "";

    get name() {
        return `${this.began.toISOString().slice(0, 19).replaceAll(":", "-")}.fcrec`;
    }

    /** Records until stop(), the end of the contact, or the limit. */
    async run(changed) {
        try {
            const response = await fetch("/api/record");
            if (!response.ok)
                throw new Error(await response.text());
            changed();
            for (const reader = response.body.getReader(); ;) {
                const {done, value} = await reader.read();
                if (done)
                    break;
                this.blocks.push(value);
                this.bytes += value.length;
                if (this.bytes > MOST)
                    this.stop();
            }
        } catch (error) {
            this.trouble = error.message;
        }
        this.ended = new Date();
        changed();
    }

    stop() {
        return contact.act("record", []);
    }

    save() {
        const link = make("a", {href: URL.createObjectURL(new Blob(this.blocks, {type: "application/octet-stream"})), download: this.name});
        link.click();
        URL.revokeObjectURL(link.href);
        this.isSaved = true;
    }
}

const recordings = [];
addEventListener("beforeunload", (event) => {
    if (recordings.some((each) => each.bytes && !each.isSaved))
        event.preventDefault();
});

export class Recordings {
    patterns = [];

    constructor(page) {
        this.button = make("button", {type: "button"});
        this.button.addEventListener("click", () => this.#current ? this.#current.stop() : this.#begin());
        this.list = make("ul", {className: "recordings", "aria-label": "Recordings of this window"});
        page.append(make("h2", {textContent: "Recordings"}), this.button,
            make("p", {textContent: may(contact.who, "record") ? "A recording has all that comes in and what the scripts make of it. It is kept in this window until you save it."
                : `Recording requires the role administrator; this browser is ${contact.who.role}.`}),
            this.list, make("p", {}, "To replay one, on a machine that has the show: ", make("code", {textContent: "firecurtain replay FILE show.cfg"}),
                ". That starts the show anew, with the recording as its only input, so it cannot be done to the show that runs here."));
        this.status();
    }

    get #current() {
        return recordings.find((each) => !each.ended);
    }

    #begin() {
        const recording = new Recording();
        recordings.unshift(recording);
        recording.run(() => this.status());
        this.status();
    }

    status() {
        this.button.textContent = this.#current ? "Stop recording" : "Start recording";
        this.button.disabled = !may(contact.who, "record");
        const shown = JSON.stringify(recordings.map((each) => [each.bytes >> 10, each.ended, each.isSaved, Math.round((Date.now() - each.began) / 1000)]));
        if (this.shown !== shown)
            this.list.replaceChildren(...(recordings.length ? recordings.map((each) => this.#item(each)) : [make("li", {textContent: "none so far"})]));
        this.shown = shown;
    }

    #item(recording) {
        const lasted = span((recording.ended ?? new Date()) - recording.began);
        const text = `${recording.name}: ${lasted}, ${Math.ceil(recording.bytes / 1024)} kB${recording.ended ? "" : ", recording"}${recording.trouble ? `, ${recording.trouble}` : ""}`;
        const save = make("button", {type: "button", textContent: recording.isSaved ? "Save again" : "Save", "aria-label": `Save ${recording.name}`});
        save.addEventListener("click", () => (recording.save(), this.status()));
        return make("li", {}, `${text} `, ...(recording.ended && recording.bytes ? [save] : []));
    }
}
