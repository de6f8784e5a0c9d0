// SPDX-License-Identifier: BSD-2-Clause
// The custom elements: a button that has to be held, a curve of the last half minute, and a tile of an instance.

import {contact} from "./contact.js";
import {may, span, state} from "./words.js";

const HOLD = 1000;

/** Makes an element with properties and children; a string is text, never markup. */
export function make(name, properties = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(properties))
        key.includes("-") || key === "role" || key === "for" ? element.setAttribute(key, value) : element[key] = value;
    element.append(...children);
    return element;
}

/** A button for what must not happen by a slip: held for a second, by finger, mouse or key, it fires "held". */
class HoldButton extends HTMLElement {
    #timer = 0;

    connectedCallback() {
        if (this.button)
            return;
        this.button = make("button", {type: "button", textContent: this.textContent, title: "hold for a second"}, make("span", {className: "hint"}, " – hold"));
        this.replaceChildren(this.button);
        this.button.addEventListener("pointerdown", (event) => event.button === 0 && this.#begin());
        for (const type of ["pointerup", "pointerleave", "pointercancel", "blur"])
            this.button.addEventListener(type, () => this.#end());
        this.button.addEventListener("keydown", (event) => {
            if (event.key === "Enter" || event.key === " ")
                event.preventDefault(), event.repeat || this.#begin();
        });
        this.button.addEventListener("keyup", () => this.#end());
        this.button.addEventListener("contextmenu", (event) => event.preventDefault());
    }

    disconnectedCallback() {
        this.#end();
    }

    #begin() {
        this.#end();
        this.classList.add("is-held");
        this.#timer = setTimeout(() => {
            this.#end();
            this.dispatchEvent(new CustomEvent("held", {bubbles: true}));
        }, HOLD);
    }

    #end() {
        clearTimeout(this.#timer);
        this.classList.remove("is-held");
    }
}

/** How much was going on in each of the last thirty seconds. */
class Spark extends HTMLElement {
    connectedCallback() {
        this.canvas ??= this.appendChild(make("canvas", {width: 120, height: 24}));
        this.setAttribute("aria-hidden", "true");
    }

    draw(counts) {
        const pen = this.canvas.getContext("2d"), {width, height} = this.canvas;
        const most = Math.max(1, ...counts), step = width / 30;
        pen.clearRect(0, 0, width, height);
        pen.fillStyle = getComputedStyle(this).color;
        counts.forEach((count, i) => {
            const size = Math.ceil(count / most * height);
            pen.fillRect((30 - counts.length + i) * step, height - size, step - 1, size);
        });
    }
}

/** An instance: its state in words, what it did last, its last error with the lines of the log behind a tap. */
class Tile extends HTMLElement {
    connectedCallback() {
        if (this.heading)
            return;
        this.heading = make("h2");
        this.words = make("p", {className: "state"});
        this.ages = make("p", {className: "ages"});
        this.spark = make("fc-spark");
        this.error = make("summary");
        this.trace = make("pre", {tabIndex: 0});
        this.details = make("details", {hidden: true}, this.error, this.trace);
        this.details.addEventListener("toggle", () => this.#showTrace());
        this.restart = make("fc-hold", {textContent: "Restart"});
        this.restart.addEventListener("held", () => contact.act("restart", [this.instance.name]));
        this.append(this.heading, this.words, this.ages, this.spark, this.details, this.restart);
        this.setAttribute("role", "listitem");
    }

    show(instance) {
        this.instance = instance;
        this.className = instance.health;
        this.heading.textContent = instance.name;
        this.words.textContent = state(instance);
        this.ages.textContent = instance.in_ms === undefined && instance.out_ms === undefined ? "nothing in or out since this page was opened" : [["in", instance.in_ms], ["out", instance.out_ms]]
            .map(([way, ms]) => `last ${way}: ${ms === undefined ? "none since this page was opened" : `${span(ms)} ago`}`).join(" · ");
        this.spark.draw(instance.spark);
        this.details.hidden = !instance.last_error;
        if (instance.last_error)
            this.error.textContent = `last error ${span(instance.last_error_ms)} ago: ${instance.last_error}`;
        this.restart.hidden = !may(contact.who, "restart", instance);
        this.restart.button.setAttribute("aria-label", `Restart – hold for a second: ${instance.name}`); // begins as it reads
        this.#showTrace();
    }

    #showTrace() {
        if (!this.details.open)
            return;
        const lines = contact.lines.filter((line) => line.instance === this.instance.name && line.level === "error").map((line) => line.text);
        const from = lines.findLastIndex((line) => line.startsWith("Traceback"));
        const text = lines.slice(from < 0 ? -5 : from).join("\n") || "The log has no more about it.";
        if (this.trace.textContent !== text)
            this.trace.textContent = text;
    }
}

customElements.define("fc-hold", HoldButton);
customElements.define("fc-spark", Spark);
customElements.define("fc-tile", Tile);
