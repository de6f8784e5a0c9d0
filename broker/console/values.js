// SPDX-License-Identifier: BSD-2-Clause
// The page Values: channels as they are, of which only the rows in sight are drawn.

import {contact} from "./contact.js";
import {make} from "./elements.js";
import {emitsOf} from "./emits.js";
import {may, value} from "./words.js";

const ROW = 44; // pixels, as in console.css
const SPARK = 30; // seconds
const names = new Intl.Collator("en", {numeric: true}); // 1, 2, 10

/** What is typed is a part of a name, unless it has a * or a ?. */
function pattern(text) {
    return /[*?]/.test(text) ? text : `*${text}*`;
}

/** The same as a function of a name, for channels that the desk has not matched. */
function matcher(text) {
    const expression = new RegExp(`^${pattern(text).replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".")}$`, "s");
    return (name) => expression.test(name);
}

export class Values {
    listed = new Map(); // all channels, also those that have no value yet

    constructor(page) {
        this.pinned = new Set(JSON.parse(localStorage.getItem("pinned") ?? "[]"));
        this.filter = make("input", {type: "search", id: "filter", placeholder: "part of a name, or * and ?"});
        this.count = make("p", {role: "status"});
        this.rows = make("div", {className: "rows"});
        this.all = make("div", {className: "scroll", tabIndex: 0, role: "region", "aria-label": "Channels"}, this.rows);
        page.append(make("div", {className: "tools"}, make("label", {for: "filter", textContent: "Filter"}), this.filter), this.count, this.all);
        this.filter.addEventListener("input", () => {
            clearTimeout(this.typing);
            this.typing = setTimeout(() => this.begin(), 300);
        });
        this.all.addEventListener("scroll", () => this.draw());
        this.timer = setInterval(() => this.shown.forEach((row) => this.#sample(row)), 1000);
        this.begin();
        contact.list("channels", "channels").then((channels) => this.#list(channels), (error) => this.failed = `; the others cannot be listed: ${error.message}`).finally(() => this.sort());
    }

    close() {
        this.isClosed = true;
        clearInterval(this.timer);
    }

    #list(channels) {
        this.listed = new Map(channels.map((each) => [each.channel, each]));
        this.shown.forEach((row) => row.remove());
        this.shown.clear(); // which of them can be set is known now
    }

    get patterns() {
        return [pattern(this.filter?.value ?? "")];
    }

    begin() {
        contact.watch(this.patterns);
        this.names = [];
        this.known = new Set();
        this.shown = new Map();
        this.rows.replaceChildren();
        this.sort();
    }

    values(fresh) {
        const names = Object.keys(fresh);
        if (names.some((name) => !this.known.has(name)))
            this.sort();
        else
            names.forEach((name) => this.#show(name));
    }

    sort() {
        if (this.isClosed)
            return;
        this.known = new Set([...contact.values.keys(), ...[...this.listed.keys()].filter(matcher(this.filter.value))]);
        this.names = [...this.known].sort((a, b) => this.pinned.has(b) - this.pinned.has(a) || names.compare(a, b) || (a < b ? -1 : 1));
        this.rows.style.blockSize = `${this.names.length * ROW}px`;
        this.count.textContent = `${this.names.length} channel${this.names.length === 1 ? "" : "s"}${this.failed ?? ""}`;
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
        const pin = make("button", {type: "button", className: "pin", "aria-label": `Pin ${name}`});
        const isSet = may(contact.who, "set", instance) && this.listed.get(name)?.source; // else nothing would come of it
        const fader = isSet ? make("input", {type: "range", min: 0, max: 1, step: 0.001, value: 0, "aria-label": `Set ${name}`}) : make("span");
        const spark = make("fc-spark"), title = make("div", {}, make("div", {className: "name", textContent: name, title: name}), spark);
        const row = Object.assign(make("div", {className: isSet ? "row" : "row is-shown"}, pin, title, fader, make("output")), {spark, samples: []});
        const showPin = () => {
            pin.textContent = this.pinned.has(name) ? "★" : "☆";
            pin.setAttribute("aria-pressed", this.pinned.has(name));
        };
        showPin();
        pin.addEventListener("click", () => {
            this.pinned.has(name) ? this.pinned.delete(name) : this.pinned.add(name);
            localStorage.setItem("pinned", JSON.stringify([...this.pinned]));
            showPin();
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
        row.peak = Math.max(row.peak ?? 0, number ?? 0);
        if (number !== undefined && document.activeElement !== row.children[2])
            row.children[2].value = number;
    }

    /** Adds the highest value of the last second to a row's curve. */
    #sample(row) {
        row.samples.push(row.peak ?? 0);
        row.samples.splice(0, row.samples.length - SPARK);
        row.spark.draw(row.samples);
        row.peak = Number(row.lastChild.textContent) || 0;
    }
}
