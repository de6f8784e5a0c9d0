// SPDX-License-Identifier: BSD-2-Clause
// The page Routes: what goes where, as a picture and as a list with the values at both ends, and what is mapped to nothing.

import {contact} from "./contact.js";
import {make} from "./elements.js";
import {Picture} from "./picture.js";
import {value} from "./words.js";

const MOST = 2000;

export class Routes {
    patterns = ["*"];

    constructor(page) {
        this.body = make("tbody");
        this.loose = make("ul");
        this.note = make("p", {role: "status", textContent: "Asking …"});
        this.frame = make("div", {className: "frame", tabIndex: 0, role: "region", "aria-label": "Picture"});
        page.append(this.note, make("div", {className: "routes"}, this.frame, make("section", {}, make("table", {}, make("caption", {textContent: "What goes where"}),
            make("thead", {}, make("tr", {}, ...["From", "Value", "To", "Value"].map((text) => make("th", {scope: "col", textContent: text})))), this.body),
        make("h2", {textContent: "Mapped to nothing"}), this.loose)));
        contact.watch(this.patterns);
        this.begin().catch((error) => this.note.textContent = `The routes cannot be shown: ${error.message}`);
    }

    async begin() {
        const [routes, channels] = [await contact.list("routes", "routes"), await contact.list("channels", "channels")];
        const loose = channels.filter((each) => !each.source && !each.target);
        this.routes = routes;
        this.picture = new Picture(routes, contact.instances, (instance) => this.#list(instance));
        this.frame.replaceChildren(this.picture.element);
        this.loose.replaceChildren(...(loose.length ? loose.slice(0, MOST).map((each) => make("li", {textContent: each.channel})) : [make("li", {textContent: "nothing"})]));
        this.#list(null);
    }

    /** Lists the routes from and to an instance, or with null all. */
    #list(instance) {
        const isOf = (channel) => channel.startsWith(`${instance}.`);
        const routes = this.routes.filter((route) => instance === null || isOf(route.from) || isOf(route.to));
        this.cells = new Map();
        this.body.replaceChildren(...routes.slice(0, MOST).map((route) => make("tr", {}, make("td", {textContent: route.from}), this.#cell(route.from),
            make("td", {textContent: route.to}), this.#cell(route.to))));
        this.note.textContent = `${routes.length} route${routes.length === 1 ? "" : "s"}${instance === null ? "" : ` of ${instance}`}${routes.length > MOST ? `, the first ${MOST} of them listed` : ""}`;
    }

    #cell(channel) {
        const cell = make("td", {className: "value", textContent: value(contact.values.get(channel))});
        this.cells.set(channel, [...(this.cells.get(channel) ?? []), cell]);
        return cell;
    }

    status() {
        this.picture?.status(contact.instances);
    }

    values(fresh) {
        for (const [channel, number] of Object.entries(fresh))
            this.cells?.get(channel)?.forEach((cell) => cell.textContent = value(number));
        this.picture?.values(fresh);
    }
}
