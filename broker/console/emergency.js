// SPDX-License-Identifier: BSD-2-Clause
// What stops the show in a hurry: the bar at the lower edge of every page, and buttons of the same kind for each user.

import {contact} from "./contact.js";
import {make} from "./elements.js";
import {may} from "./words.js";

/** Shows guarded buttons in a box: the text of each, its verb, and the verb's names. They are made anew only if they change: a finger may be on one. */
function showDeeds(box, deeds) {
    const shown = JSON.stringify(may(contact.who, "freeze") ? deeds : []);
    if (box.shown === shown)
        return;
    box.shown = shown;
    box.replaceChildren(...JSON.parse(shown).map(([text, verb, ...names]) => {
        const button = make("fc-hold", {textContent: text, className: names.length ? "of-user" : verb});
        button.addEventListener("held", () => contact.act(verb, names));
        return button;
    }));
}

/** For all outputs, and for what the show defines as panic. */
export function showEmergency(box) {
    showDeeds(box, [contact.frozen ? ["Unfreeze outputs", "unfreeze"] : ["Freeze outputs", "freeze"], ...(contact.hasPanic ? [["Panic", "panic"]] : [])]);
}

/** For each user, who is known by an instance that has the name before a slash. */
export function showFreezers(box) {
    const users = new Map();
    for (const instance of contact.instances.values()) {
        const [user, ...rest] = instance.name.split("/");
        if (rest.length)
            users.set(user, instance.frozen);
    }
    showDeeds(box, [...users].map(([user, frozen]) => frozen ? [`Unfreeze ${user}`, "unfreeze", user] : [`Freeze ${user}`, "freeze", user]));
}
