// SPDX-License-Identifier: BSD-2-Clause
// The page Now: a tile for each instance, what a person needs to know, and the buttons that freeze, or cause panic.

import {contact} from "./contact.js";
import {make} from "./elements.js";
import {news} from "./news.js";
import {may} from "./words.js";

const NEWS = 10;
const WORDS = {error: "error", warning: "warning", audit: "done"};

export class Now {
    patterns = [];

    constructor(page) {
        this.tiles = make("div", {className: "tiles", role: "list", "aria-label": "Instances"});
        this.news = make("ol", {className: "news"});
        this.freezers = make("div", {className: "guarded"});
        this.emergency = make("div", {className: "emergency"}); // always in reach
        page.append(this.tiles, make("section", {}, make("h2", {textContent: "What happened last"}), this.news), this.freezers, this.emergency);
        this.status();
        this.log();
    }

    status() {
        const known = new Map([...this.tiles.children].map((tile) => [tile.instance.name, tile]));
        for (const instance of contact.instances.values()) {
            const tile = known.get(instance.name) ?? this.tiles.appendChild(make("fc-tile"));
            known.delete(instance.name);
            tile.show(instance);
        }
        for (const tile of known.values())
            tile.remove();
        this.#showFreezers();
    }

    /** Guarded buttons: for all outputs, for what the show defines as panic, and for each user. */
    #showFreezers() {
        const deeds = may(contact.who, "freeze") ? this.#deeds() : [];
        const shown = JSON.stringify(deeds);
        if (this.shown === shown)
            return;
        this.shown = shown;
        for (const [box, isOfUser] of [[this.freezers, true], [this.emergency, false]])
            box.replaceChildren(...deeds.filter(([, , user]) => isOfUser === (user !== undefined)).map(([text, verb, ...names]) => {
                const button = make("fc-hold", {textContent: text, className: isOfUser ? "of-user" : verb});
                button.addEventListener("held", () => contact.act(verb, names));
                return button;
            }));
    }

    /** What the buttons say, the verb, and its names. A user is known by an instance that has the name before a slash. */
    #deeds() {
        const users = new Map();
        for (const instance of contact.instances.values()) {
            const [user, ...rest] = instance.name.split("/");
            if (rest.length)
                users.set(user, instance.frozen);
        }
        return [contact.frozen ? ["Unfreeze outputs", "unfreeze"] : ["Freeze outputs", "freeze"], ...(contact.hasPanic ? [["Panic", "panic"]] : []),
            ...[...users].map(([user, frozen]) => frozen ? [`Unfreeze ${user}`, "unfreeze", user] : [`Freeze ${user}`, "freeze", user])];
    }

    log() {
        this.news.replaceChildren(...news(contact.lines, NEWS).map(({level, time_ms: time, instance, text, again}) => make("li", {className: WORDS[level]},
            make("time", {textContent: new Date(time).toLocaleTimeString()}), ` ${instance === "-" ? "" : `${instance}: `}${text}${again ? ` (and again ${again === 1 ? "once" : `${again} times`})` : ""}`)));
    }
}
