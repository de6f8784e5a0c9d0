// SPDX-License-Identifier: BSD-2-Clause
// The page Log: the lines that have come, by instance and level, to follow and to download.

import {contact} from "./contact.js";
import {make} from "./elements.js";

const LEVELS = ["everything", "error", "warning", "info", "debug", "audit"];

export class Log {
    patterns = [];

    constructor(page) {
        const select = (id, text) => [make("label", {for: id, textContent: text}), make("select", {id})];
        const [whose, instance] = select("instance", "Instance"), [which, level] = select("level", "Level");
        this.instance = instance;
        this.level = level;
        this.level.append(...LEVELS.map((each) => make("option", {value: each, textContent: each})));
        this.follow = make("input", {type: "checkbox", id: "follow", checked: true});
        this.lines = make("pre", {className: "log", tabIndex: 0, role: "log", "aria-label": "Lines of the log"});
        const save = make("button", {type: "button", textContent: "Download"});
        save.addEventListener("click", () => this.#save());
        page.append(make("div", {className: "tools"}, whose, instance, which, level, this.follow, make("label", {for: "follow", textContent: "Follow"}), save), this.lines);
        for (const each of [instance, level])
            each.addEventListener("change", () => this.log());
        this.status();
        this.log();
    }

    status() {
        const names = ["all", "-", ...contact.instances.keys()];
        if (this.instance.children.length === names.length)
            return;
        const chosen = this.instance.value || "all";
        this.instance.replaceChildren(...names.map((name) => make("option", {value: name, textContent: name === "-" ? "firecurtain itself" : name})));
        this.instance.value = names.includes(chosen) ? chosen : "all";
    }

    #text() {
        const fits = (chosen, any, is) => !chosen || chosen === any || chosen === is;
        return contact.lines.filter((line) => fits(this.instance.value, "all", line.instance) && fits(this.level.value, "everything", line.level))
            .map((line) => `${new Date(line.time_ms).toISOString()} ${line.level} ${line.instance} ${line.text}\n`).join("");
    }

    log() {
        this.lines.textContent = this.#text();
        if (this.follow.checked)
            this.lines.scrollTop = this.lines.scrollHeight;
    }

    #save() {
        const link = make("a", {href: URL.createObjectURL(new Blob([this.#text()], {type: "text/plain"})), download: "firecurtain.log"});
        link.click();
        URL.revokeObjectURL(link.href);
    }
}
