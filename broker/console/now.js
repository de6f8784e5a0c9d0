// SPDX-License-Identifier: BSD-2-Clause
// The page Now: a tile for each instance, what a person needs to know, and the buttons that freeze a user.

import {contact} from "./contact.js";
import {make} from "./elements.js";
import {showFreezers} from "./emergency.js";
import {news} from "./news.js";

const NEWS = 10;
const WORDS = {error: "error", warning: "warning", audit: "done"};

export class Now {
    patterns = [];

    constructor(page) {
        this.tiles = make("div", {className: "tiles", role: "list", "aria-label": "Instances"});
        this.news = make("ol", {className: "news"});
        this.freezers = make("div", {className: "guarded"});
        page.append(this.tiles, make("section", {}, make("h2", {textContent: "What happened last"}), this.news), this.freezers);
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
        showFreezers(this.freezers);
    }

    log() {
        this.news.replaceChildren(...news(contact.lines, NEWS).map(({level, time_ms: time, instance, text, again}) => make("li", {className: WORDS[level]},
            make("time", {textContent: new Date(time).toLocaleTimeString()}), ` ${instance === "-" ? "" : `${instance}: `}${text}${again ? ` (and again ${again === 1 ? "once" : `${again} times`})` : ""}`)));
    }
}
