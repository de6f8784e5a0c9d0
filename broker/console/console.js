// SPDX-License-Identifier: BSD-2-Clause
// Begins: lets the browser in by the link, shows the page that the address names, and says when contact is lost.

import {contact} from "./contact.js";
import {make} from "./elements.js";
import {showEmergency} from "./emergency.js";
import {showLock} from "./lock.js";
import {Log} from "./log.js";
import {Now} from "./now.js";
import {Panels} from "./panels.js";
import {Recordings} from "./recordings.js";
import {Routes} from "./routes.js";
import {Values} from "./values.js";
import {brief, may, sentence, span} from "./words.js";

const PAGES = {now: Now, panels: Panels, values: Values, routes: Routes, log: Log, recordings: Recordings};
const element = (id) => document.getElementById(id);
const narrow = matchMedia("(max-width: 40rem)"); // a phone
let page = null, role = "";

function show() {
    const name = location.hash.slice(1) in PAGES ? location.hash.slice(1) : "now";
    page?.close?.();
    element("page").replaceChildren();
    for (const link of document.querySelectorAll("nav a"))
        link.getAttribute("href") === `#${name}` ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
    page = new PAGES[name](element("page"));
    contact.watch(page.patterns);
}

/** Says how the show is, or that nobody knows. */
function say() {
    const isLost = contact.isLost || contact.signedOut;
    const [health, text] = contact.signedOut ? ["lost", `This browser is not signed in${contact.isLinkSpent ? ": the link was used or has expired" : ""}. Open a new link: firecurtain console prints one.`]
        : isLost && contact.why ? ["lost", `This page gets nothing: ${contact.why}`]
        : isLost ? ["lost", `No contact with the show for ${span(contact.age)}`]
        : contact.isTold ? (narrow.matches ? brief : sentence)([...contact.instances.values()], contact.frozen) : ["is-waiting", "Asking the show …"];
    document.body.className = isLost ? "is-lost" : health;
    if (element("sentence").textContent !== text)
        element("sentence").textContent = text;
    element("clock").textContent = new Date(contact.time).toLocaleTimeString();
}

contact.addEventListener("hello", () => {
    element("who").textContent = `Signed in as ${contact.who.role}${contact.who.label ? ` (${contact.who.label})` : ""}, for another ${span(contact.who.seconds * 1000)}`;
    showLock(element("lock"));
    showEmergency(element("emergency"));
    document.querySelector("nav a[href='#recordings']").hidden = !may(contact.who, "record");
    if (page && role !== contact.who.role) // what may be done is another
        show();
    role = contact.who.role;
});
contact.addEventListener("status", () => {
    page ? page.status?.() : show();
    showEmergency(element("emergency"));
    say();
});
contact.addEventListener("log", () => page?.log?.());
contact.addEventListener("values", ({detail}) => page?.values?.(detail));
contact.addEventListener("out", say);
contact.addEventListener("said", ({detail}) => {
    if (element("said").textContent !== detail.text) // else a screen reader says it again and again
        element("said").replaceChildren(make("span", {className: detail.good ? "good" : "bad", textContent: detail.text}));
    clearTimeout(say.timer);
    say.timer = setTimeout(() => element("said").replaceChildren(), 8000);
});
addEventListener("hashchange", () => {
    if (!enterByLink() && page)
        show();
});
setInterval(() => {
    contact.nudge();
    say();
}, 500);

/** Enters by what the address has behind the #, which is then removed from it, and from the history. */
function enterByLink() {
    const token = location.hash.startsWith("#token=") ? location.hash.slice("#token=".length) : "";
    if (token)
        history.replaceState(null, "", location.pathname);
    else if (page)
        return false;
    const enter = () => contact.enter(token).catch(() => setTimeout(enter, 1000));
    enter();
    return true;
}

enterByLink();
