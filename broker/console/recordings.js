// SPDX-License-Identifier: BSD-2-Clause
// The page Recordings: makes one, which comes as a stream and is kept in this page until it is saved, and plays one into the show.

import {contact} from "./contact.js";
import {make} from "./elements.js";
import {inputs, Playback} from "./playback.js";
import {article, may, span} from "./words.js";

const MOST = 512 * 1024 * 1024; // bytes of a recording that this page keeps

/** A recording, which outlives the page Recordings, but not the window. */
class Recording {
    blocks = [];
    bytes = 0;
    began = new Date();
    ended = null;
    trouble = "";
    playback = null;
    name = `${this.began.toISOString().slice(0, 19).replaceAll(":", "-")}.fcrec`;

    /** One that was saved before. */
    static async of(file) {
        const recording = new Recording();
        recording.name = file.name;
        recording.blocks = [new Uint8Array(await file.arrayBuffer())];
        recording.bytes = file.size;
        recording.isSaved = true;
        recording.isOpened = true;
        recording.ended = recording.began;
        return recording;
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
                if (this.blocks.length === 1)
                    changed(); // it has begun
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

    /** Plays it into the show that runs, until it ends or is stopped. */
    async play(changed) {
        this.trouble = "";
        try {
            this.playback = new Playback(inputs(new Uint8Array(await new Blob(this.blocks).arrayBuffer())));
            await this.playback.run(changed);
            const [[channel, why] = []] = this.playback.refused;
            if (channel)
                this.trouble = `${this.playback.refused.size === 1 ? channel : `${channel} and ${this.playback.refused.size - 1} more`}: ${why}`;
        } catch (error) {
            this.trouble = error.message;
        }
        this.playback = null;
        changed();
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
    items = new Map();
    none = make("li", {textContent: "none so far"});

    constructor(page) {
        this.button = make("button", {type: "button"});
        this.button.addEventListener("click", () => this.#current ? this.#current.stop() : this.#begin());
        this.list = make("ul", {className: "recordings", "aria-label": "Recordings of this window"});
        page.append(make("h2", {textContent: "Recordings"}), this.button,
            make("p", {textContent: may(contact.who, "record") ? "A recording has all that comes in and what the scripts make of it. It is kept in this window until you save it."
                : `Recording requires the role administrator; this browser is ${article(contact.who.role)}.`}),
            this.list, ...(may(contact.who, "record") ? this.#opener() : []),
            make("p", {}, "Playing one in sets what came in then, at the same pace, on the show that runs here. To repeat a show exactly, with the recording as its only input: ",
                make("code", {textContent: "firecurtain replay FILE show.cfg"})));
        this.status();
    }

    /** Where a recording that was saved is opened again. */
    #opener() {
        const file = make("input", {type: "file", id: "saved-recording"});
        file.addEventListener("change", async () => {
            recordings.unshift(...await Promise.all([...file.files].map((each) => Recording.of(each))));
            file.value = "";
            this.status();
        });
        return [make("div", {className: "tools"}, make("label", {for: "saved-recording", textContent: "Open a saved recording"}), file)];
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
        const items = recordings.length ? recordings.map((each) => this.#upToDate(each)) : [this.none];
        if (items.length !== this.list.children.length || items.some((item, n) => item !== this.list.children[n]))
            this.list.replaceChildren(...items);
    }

    /** The item of a recording, made again only if it says something else: a finger may be on its buttons. */
    #upToDate(recording) {
        const seconds = Math.round((recording.playback?.at ?? (recording.ended ? 0 : Date.now() - recording.began)) / 1000);
        const says = JSON.stringify([!recording.bytes, recording.bytes >> 10, recording.ended, recording.isSaved, recording.trouble, !recording.playback, seconds]);
        const known = this.items.get(recording);
        if (known?.says === says)
            return known.item;
        const item = this.#item(recording);
        this.items.set(recording, {says, item});
        return item;
    }

    #item(recording) {
        const words = [`${recording.name}: ${Math.ceil(recording.bytes / 1024)} kB`];
        if (!recording.isOpened)
            words.push(span((recording.ended ?? new Date()) - recording.began));
        if (!recording.ended)
            words.push(recording.bytes ? "recording" : "starting");
        if (recording.playback)
            words.push(`playing in: ${span(recording.playback.at)} of ${span(recording.playback.lasts)}`);
        if (recording.trouble)
            words.push(recording.trouble);
        return make("li", {}, `${words.join(", ")} `, ...(recording.ended && recording.bytes ? this.#buttons(recording) : []));
    }

    #buttons(recording) {
        const changed = () => this.status();
        const button = (text, deed) => {
            const made = make("button", {type: "button", textContent: text, "aria-label": `${text} ${recording.name}`});
            made.addEventListener("click", deed);
            return made;
        };
        if (recording.playback)
            return [button("Stop playing in", () => recording.playback?.stop())];
        const play = make("fc-hold", {textContent: "Play in"});
        play.addEventListener("held", () => recording.play(changed));
        const save = button(recording.isSaved ? "Save again" : "Save", () => (recording.save(), changed()));
        return recording.isOpened ? [play] : [save, " ", play];
    }
}
