// SPDX-License-Identifier: BSD-2-Clause
// Where the PIN of a shared tablet is entered, and where it is locked again by hand.

import {contact} from "./contact.js";
import {make} from "./elements.js";

/** Shows in a box what is needed now: a PIN, a button that locks, or nothing. */
export function showLock(box) {
    box.hidden = !contact.who.pin;
    if (!contact.who.pin || box.dataset.locked === String(contact.who.locked))
        return;
    box.dataset.locked = contact.who.locked;
    if (contact.who.locked) {
        box.replaceChildren(askPin());
        return;
    }
    const button = make("button", {type: "button", textContent: "Lock"});
    button.addEventListener("click", () => contact.lock(""));
    box.replaceChildren(button);
}

function askPin() {
    const input = make("input", {type: "password", inputMode: "numeric", autocomplete: "off", maxLength: 12, id: "pin"});
    const form = make("form", {}, make("label", {for: "pin", textContent: "Locked: it may only look. PIN"}), input, make("button", {textContent: "Unlock"}));
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        if (input.value)
            contact.lock(input.value);
        input.value = "";
    });
    return form;
}
