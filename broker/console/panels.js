// SPDX-License-Identifier: BSD-2-Clause
// The page Panels: the controls that [panel NAME] declares, for fingers. A release is never lost: whatever ends
// a touch, or the page, lets go of the button.

import {contact} from "./contact.js";
import {make} from "./elements.js";
import {may, value} from "./words.js";

const PAUSE = 33; // ms between two values of a fader

export class Panels {
    patterns = [];

    constructor(page) {
        this.page = page;
        this.controls = new Map();
        this.held = new Set();
        this.letGo = () => this.held.forEach((release) => release());
        for (const type of ["pagehide", "blur"])
            addEventListener(type, this.letGo);
        this.begin();
    }

    close() {
        this.letGo();
        for (const type of ["pagehide", "blur"])
            removeEventListener(type, this.letGo);
    }

    async begin() {
        const panels = [...contact.instances.values()].filter((each) => each.backend === "panel");
        this.patterns = panels.map((panel) => `${panel.name}.*`);
        contact.watch(this.patterns);
        if (!panels.length)
            this.page.append(make("p", {textContent: "The show has no panel. The section [panel NAME] of the configuration makes one."}));
        for (const panel of panels) {
            const box = make("div", {className: "panel"});
            this.page.append(make("section", {}, make("h2", {textContent: panel.name}), box));
            const controls = (await contact.list("channels", "channels", [panel.name])).filter((each) => each.kind);
            box.append(...controls.sort((a, b) => a.place - b.place).map((each) => this.#make(panel, each)));
        }
        this.values(Object.fromEntries(contact.values));
    }

    #make(panel, {channel, kind, label, value: number}) {
        const makers = {button: "#button", toggle: "#toggle", fader: "#fader", text: "#text"};
        const set = (to) => contact.act("emit", [channel], {value: to});
        const control = {"#button": () => this.#button(label, set), "#toggle": () => this.#toggle(label, set), "#fader": () => this.#fader(label, set),
            "#text": () => this.#text(label)}[makers[kind] ?? "#text"]();
        control.element.classList.add("control", kind);
        if (!may(contact.who, "set", panel) && "disabled" in control.input)
            control.input.disabled = true;
        this.controls.set(channel, control);
        if (number !== undefined)
            control.show(number);
        return control.element;
    }

    #button(label, set) {
        const button = make("button", {type: "button", textContent: label});
        let isDown = false;
        const release = () => {
            if (!isDown)
                return;
            isDown = false;
            this.held.delete(release);
            button.classList.remove("is-down");
            set(0);
        };
        const press = () => {
            if (isDown)
                return;
            isDown = true;
            this.held.add(release);
            button.classList.add("is-down");
            set(1);
        };
        button.addEventListener("pointerdown", (event) => (button.setPointerCapture(event.pointerId), press()));
        for (const type of ["pointerup", "pointercancel", "lostpointercapture", "blur"])
            button.addEventListener(type, release);
        button.addEventListener("keydown", (event) => (event.key === " " || event.key === "Enter") && (event.preventDefault(), press()));
        button.addEventListener("keyup", release);
        button.addEventListener("contextmenu", (event) => event.preventDefault());
        return {element: button, input: button, show: (number) => button.classList.toggle("is-on", number > 0.5)};
    }

    #toggle(label, set) {
        const button = make("button", {type: "button", role: "switch", "aria-checked": "false", textContent: label});
        button.addEventListener("click", () => set(button.getAttribute("aria-checked") === "true" ? 0 : 1));
        return {element: button, input: button, show: (number) => button.setAttribute("aria-checked", number > 0.5)};
    }

    #fader(label, set) {
        const input = make("input", {type: "range", min: 0, max: 1, step: 0.001, value: 0, "aria-label": label});
        const output = make("output");
        let timer = 0, sent;
        const send = () => {
            timer = 0;
            if (sent !== input.value)
                sent = input.value, set(sent), timer = setTimeout(send, PAUSE);
        };
        const show = (number) => {
            output.textContent = value(number);
            if (!timer)
                input.value = number;
        };
        input.addEventListener("input", () => {
            output.textContent = value(Number(input.value));
            timer ||= setTimeout(send, 0);
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
