// SPDX-License-Identifier: BSD-2-Clause
// The page Panels: the controls that [panel NAME] declares, for fingers. A release is never lost: whatever ends
// a touch, or the page, lets go of the button.

import {contact} from "./contact.js";
import {make} from "./elements.js";
import {emitsOf} from "./emits.js";
import {may, value} from "./words.js";

const LEAVING = ["pagehide", "blur"];

export class Panels {
    patterns = [];

    constructor(page) {
        this.page = page;
        this.controls = new Map();
        this.held = new Set();
        this.letGo = () => this.held.forEach((release) => release());
        this.hide = () => document.visibilityState === "hidden" && this.letGo();
        LEAVING.forEach((type) => addEventListener(type, this.letGo));
        document.addEventListener("visibilitychange", this.hide);
        this.begin().catch((error) => this.isClosed || this.page.append(make("p", {role: "alert", textContent: `The controls cannot be shown: ${error.message}`})));
    }

    close() {
        this.isClosed = true;
        this.letGo();
        LEAVING.forEach((type) => removeEventListener(type, this.letGo));
        document.removeEventListener("visibilitychange", this.hide);
    }

    async begin() {
        const panels = [...contact.instances.values()].filter((each) => each.backend === "panel");
        this.patterns = panels.map((panel) => `${panel.name}.*`);
        contact.watch(this.patterns);
        if (!panels.length)
            this.page.append(make("p", {textContent: "The show has no panel. The section [panel NAME] of the configuration makes one."}));
        for (const panel of panels) {
            const controls = (await contact.list("channels", "channels", [panel.name])).filter((each) => each.kind);
            const box = make("div", {className: "panel"});
            if (this.isClosed)
                return;
            this.page.append(make("section", {}, make("h2", {textContent: panel.name}), box));
            box.append(...controls.sort((a, b) => a.place - b.place).map((each) => this.#make(panel, each)));
        }
        this.values(Object.fromEntries(contact.values));
    }

    #make(panel, {channel, kind, label, value: number}) {
        const makers = {button: "#button", toggle: "#toggle", fader: "#fader", text: "#text"};
        const emits = emitsOf(channel);
        const control = {"#button": () => this.#button(label, emits), "#toggle": () => this.#toggle(label, emits), "#fader": () => this.#fader(label, emits),
            "#text": () => this.#text(label)}[makers[kind] ?? "#text"]();
        control.element.classList.add("control", kind);
        if (!may(contact.who, "set", panel) && "disabled" in control.input)
            control.input.disabled = true;
        this.controls.set(channel, control);
        if (number !== undefined)
            control.show(number);
        return control.element;
    }

    #button(label, emits) {
        const button = make("button", {type: "button", textContent: label});
        let isDown = false;
        const release = () => {
            if (!isDown)
                return;
            isDown = false;
            this.held.delete(release);
            button.classList.remove("is-down");
            emits.release();
        };
        const press = () => {
            if (isDown)
                return;
            isDown = true;
            this.held.add(release);
            button.classList.add("is-down");
            emits.press();
        };
        button.addEventListener("pointerdown", (event) => (button.setPointerCapture(event.pointerId), press()));
        for (const type of ["pointerup", "pointercancel", "lostpointercapture", "blur"])
            button.addEventListener(type, release);
        button.addEventListener("keydown", (event) => (event.key === " " || event.key === "Enter") && (event.preventDefault(), press()));
        button.addEventListener("keyup", release);
        button.addEventListener("contextmenu", (event) => event.preventDefault());
        return {element: button, input: button, show: (number) => button.classList.toggle("is-on", number > 0.5)};
    }

    #toggle(label, emits) {
        const button = make("button", {type: "button", role: "switch", "aria-checked": "false", textContent: label});
        button.addEventListener("click", () => emits.set(button.getAttribute("aria-checked") === "true" ? 0 : 1));
        return {element: button, input: button, show: (number) => button.setAttribute("aria-checked", number > 0.5)};
    }

    #fader(label, emits) {
        const input = make("input", {type: "range", min: 0, max: 1, step: 0.001, value: 0, "aria-label": label});
        const output = make("output");
        const show = (number) => {
            output.textContent = value(number);
            if (!emits.isBusy)
                input.value = number;
        };
        input.addEventListener("input", () => {
            output.textContent = value(Number(input.value));
            emits.slide(input.value);
        });
        return {element: make("label", {}, make("span", {textContent: label}), input, output), input, show};
    }

    #text(label) {
        const output = make("output", {textContent: "–"});
        return {element: make("p", {}, make("span", {textContent: label}), " ", output), input: output, show: (number) => output.textContent = value(number)};
    }

    values(fresh) {
        for (const [channel, number] of Object.entries(fresh))
            this.controls.get(channel)?.show(number);
    }
}
