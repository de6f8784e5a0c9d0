// SPDX-License-Identifier: BSD-2-Clause
// The page Values: channels as they are, of which only the rows in sight are drawn.

import {contact} from "./contact.js";
import {make} from "./elements.js";
import {emitsOf} from "./emits.js";
import {may, value} from "./words.js";

const ROW = 44; // pixels, as in console.css

/** What is typed is a part of a name, unless it has a * or a ?. */
function pattern(text) {
    return /[*?]/.test(text) ? text : `*${text}*`;
}

export class Values {
    constructor(page) {
        this.pinned = new Set(JSON.parse(localStorage.getItem("pinned") ?? "[]"));
        this.filter = make("input", {type: "search", id: "filter", placeholder: "part of a name, or * and ?"});
        this.count = make("p", {role: "status"});
        this.rows = make("div", {className: "rows"});
        this.all = make("div", {className: "scroll", tabIndex: 0, role: "region", "aria-label": "Channels"}, this.rows);
        page.append(make("label", {for: "filter", textContent: "Filter"}), this.filter, this.count, this.all);
        this.filter.addEventListener("input", () => {
            clearTimeout(this.typing);
            this.typing = setTimeout(() => this.begin(), 300);
        });
        this.all.addEventListener("scroll", () => this.draw());
        this.begin();
    }

    get patterns() {
        return [pattern(this.filter?.value ?? "")];
    }

    begin() {
        contact.watch(this.patterns);
        this.names = [];
        this.shown = new Map();
        this.rows.replaceChildren();
        this.sort();
    }

    values(fresh) {
        if (contact.values.size !== this.names.length)
            this.sort();
        else
            for (const name of Object.keys(fresh))
                this.#show(name);
    }

    sort() {
        this.names = [...contact.values.keys()].sort((a, b) => this.pinned.has(b) - this.pinned.has(a) || (a < b ? -1 : 1));
        this.rows.style.blockSize = `${this.names.length * ROW}px`;
        this.count.textContent = `${this.names.length} channels with a value`;
        this.draw();
    }

    /** Makes the rows that are in sight, and removes the others. */
    draw() {
        const first = Math.max(0, Math.floor(this.all.scrollTop / ROW) - 5), last = first + Math.ceil(this.all.clientHeight / ROW) + 10;
        const wanted = new Map(this.names.slice(first, last).map((name, i) => [name, first + i]));
        for (const [name, row] of this.shown) {
            if (!wanted.has(name))
                row.remove(), this.shown.delete(name);
        }
        for (const [name, at] of wanted) {
            const row = this.shown.get(name) ?? this.#make(name);
            row.style.insetBlockStart = `${at * ROW}px`;
            this.#show(name);
        }
    }

    #make(name) {
        const instance = contact.instances.get(name.slice(0, name.indexOf(".")));
        const pin = make("button", {type: "button", className: "pin", textContent: "★", "aria-pressed": this.pinned.has(name), "aria-label": `Pin ${name}`});
        const fader = may(contact.who, "set", instance) ? make("input", {type: "range", min: 0, max: 1, step: 0.001, "aria-label": `Set ${name}`})
            : make("meter", {min: 0, max: 1, "aria-label": name});
        const row = make("div", {className: "row"}, pin, make("span", {className: "name", textContent: name, title: name}), fader, make("output"));
        pin.addEventListener("click", () => {
            this.pinned.has(name) ? this.pinned.delete(name) : this.pinned.add(name);
            localStorage.setItem("pinned", JSON.stringify([...this.pinned]));
            pin.setAttribute("aria-pressed", this.pinned.has(name));
            this.sort();
        });
        fader.addEventListener("input", () => emitsOf(name).slide(fader.value));
        this.rows.append(row);
        this.shown.set(name, row);
        return row;
    }

    #show(name) {
        const row = this.shown.get(name);
        if (!row)
            return;
        const number = contact.values.get(name);
        row.lastChild.textContent = value(number);
        if (document.activeElement !== row.children[2])
            row.children[2].value = number;
    }
}
