// Draws what /state says, again and again, and sends taps to the phones of the local Bot API. No framework, no storage.
"use strict";

const TOAST_MS = 4000, AGAIN_MS = 1500;
const byId = (id) => document.getElementById(id);
const phones = new Map(); // user -> {node, messages: Map(id -> {node, key}), toasts}
let shown = null, therapist = null, before = "", state = null, busy = false;

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function pushes(node, act) {
  node.addEventListener("click", act);
  return node;
}

async function send(path, body) {
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  try {
    const reply = await fetch(path, options);
    const said = await reply.json();
    byId("error").textContent = said.error || "";
  } catch {
    byId("error").textContent = "The demo does not answer.";
  }
}

// ---------------------------------------------------------------- messages

function wallTime(seconds, zone) {
  const pattern = { hour: "2-digit", minute: "2-digit", timeZone: zone };
  return new Intl.DateTimeFormat("en-GB", pattern).format(new Date(seconds * 1000));
}

const MARKS = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "code" };

function marked(text, entities) {
  const part = make("span");
  let at = 0;
  for (const entity of entities) {
    if (entity.offset < at) continue; // one inside another: the outer one is enough here
    part.append(text.slice(at, entity.offset));
    const words = text.slice(entity.offset, entity.offset + entity.length);
    if (entity.type === "spoiler") {
      const cover = make("button", "spoiler", words);
      cover.setAttribute("aria-label", "Hidden words: tap to read");
      part.append(pushes(cover, () => { cover.classList.add("shown"); cover.removeAttribute("aria-label"); }));
    } else {
      part.append(make(MARKS[entity.type] || "span", "", words));
    }
    at = entity.offset + entity.length;
  }
  part.append(text.slice(at));
  return part;
}

function attachment(message, user) {
  const path = `/phones/${user}/files/${message.id}`;
  if (message.attachment === "photo" && message.by_bot) {
    const picture = make("img");
    picture.alt = "A picture the bot sent";
    picture.addEventListener("load", () => toNewest(user), { once: true });
    if (!message.spoiler) { picture.src = path; return picture; }
    const cover = make("button", "covered", "A covered picture. Tap to see it.");
    return pushes(cover, () => { picture.src = path; cover.replaceWith(picture); });
  }
  if (message.attachment === "document" && message.by_bot) {
    const link = make("a", "", "The file");
    link.href = path;
    link.download = "";
    return link;
  }
  return make("i", "", message.attachment);
}

function dayOf(seconds, zone) {
  const pattern = { weekday: "long", day: "numeric", month: "long", timeZone: zone };
  return new Intl.DateTimeFormat("en-GB", pattern).format(new Date(seconds * 1000));
}

function drawn(message, phone, day) {
  const node = make("div", `message${message.by_bot ? "" : " own"}${message.new ? " new" : ""}`);
  const bubble = make("div", "bubble");
  if (message.attachment) bubble.append(attachment(message, phone.user));
  const words = message.by_bot ? message.text : message.text.replace(/^\/start .*/, "/start");
  bubble.append(marked(words, message.entities));
  const marks = [wallTime(message.at, phone.zone)];
  if (message.edited) marks.unshift("edited");
  if (message.silent) marks.unshift("without a sound");
  bubble.append(make("span", "stamp", marks.join(" · ")));
  node.append(bubble, ...message.keyboard.map((row) => keys(row, message, phone)));
  const entry = make("div", "entry");
  entry.append(...(day ? [make("p", "day", day)] : []), node);
  return entry;
}

function keys(row, message, phone) {
  const line = make("div", "row");
  for (const button of row) {
    const node = make("button", "", button.text);
    node.dataset.label = button.text;
    if (phone.spins.some(([id, data]) => id === message.id && data === button.callback_data)) node.classList.add("spins");
    line.append(pushes(node, () => tap(phone.user, message, button)));
  }
  return line;
}

function tap(user, message, button) {
  const start = button.url && /[?&]start=([\w-]{1,64})$/.exec(button.url);
  if (start) return send(`/phones/${user}/say`, { text: `/start ${start[1]}` });
  if (button.url) toast(user, `Opens ${button.url}`);
  if (button.copy_text) toast(user, "Copied.");
  const twins = message.keyboard.flat().filter((other) => other.text === button.text).length > 1;
  if (twins) return send(`/phones/${user}/press`, { data: button.callback_data, message_id: message.id });
  return send(`/phones/${user}/tap`, { label: button.text, message_id: message.id });
}

function toast(user, words) {
  const node = phones.get(user).node.querySelector(".toast");
  node.textContent = words;
  node.hidden = false;
  clearTimeout(node.timer);
  node.timer = setTimeout(() => { node.hidden = true; }, TOAST_MS);
}

function toNewest(user) {
  const chat = phones.get(user).node.querySelector(".chat");
  const last = chat.lastElementChild;
  if (!last) return;
  const tall = last.offsetHeight > chat.clientHeight; // of a long one its beginning
  chat.scrollTop = tall ? last.offsetTop - chat.offsetTop - 8 : chat.scrollHeight;
}

function drawDown(node) {
  const chat = node.querySelector(".chat");
  node.querySelector(".down").hidden = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 40;
}

// ---------------------------------------------------------------- one phone

function newPhone(phone) {
  const node = byId("phone").content.firstElementChild.cloneNode(true);
  node.dataset.user = phone.user;
  node.querySelector("h2").textContent = `${phone.name}’s phone`;
  const [start, commands, form] = [".start button", ".commands", ".write"].map((name) => node.querySelector(name));
  const menu = node.querySelector(".menu"), input = form.querySelector("input");
  input.setAttribute("aria-label", `Write on ${phone.name}’s phone`);
  pushes(node.querySelector(".answer"), () => send("/answer", { user: phone.user }));
  pushes(start, () => send(`/phones/${phone.user}/say`, { text: `/start ${start.dataset.code}` }));
  pushes(commands, () => {
    menu.hidden = !menu.hidden;
    commands.setAttribute("aria-expanded", String(!menu.hidden));
  });
  const chat = node.querySelector(".chat");
  chat.addEventListener("scroll", () => drawDown(node), { passive: true });
  pushes(node.querySelector(".down"), () => chat.scrollTo({ top: chat.scrollHeight, behavior: "smooth" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (text) send(`/phones/${phone.user}/say`, { text });
    input.value = "";
  });
  byId("phones").append(node);
  const known = { node, messages: new Map(), toasts: phone.toast_count, locked: "", top: "" };
  phones.set(phone.user, known);
  return known;
}

function drawPhone(phone) {
  const known = phones.get(phone.user) || newPhone(phone), { node } = known;
  const who = phone.role === "therapist" ? `therapist ${phone.code}` : `patient ${phone.code}`;
  node.querySelector(".owner p").textContent = who;
  const answer = node.querySelector(".answer");
  answer.hidden = !phone.help;
  answer.textContent = phone.help || "";
  node.classList.toggle("here", state.hint.user === phone.user);
  drawLock(phone, known);
  drawStart(phone, node);
  drawMenu(phone, node);
  drawChat(phone, known);
  if (phone.toast_count > known.toasts) toast(phone.user, phone.toasts[0].text);
  known.toasts = phone.toast_count;
}

function drawLock(phone, known) {
  const silent = phone.silent ? `${phone.silent} came without a sound` : "nothing new";
  const head = known.node.querySelector(".lock-head"), list = known.node.querySelector(".lock ul");
  head.replaceChildren(make("span", "", phone.locked.length ? "Lock screen" : `Lock screen: ${silent}`));
  head.append(make("span", "", wallTime(phone.now, phone.zone)));
  const key = JSON.stringify([phone.locked, state.clock]);
  if (key === known.locked) return;
  known.locked = key;
  list.replaceChildren(...phone.locked.map((line) => make("li", "arrives", line)));
}

function drawStart(phone, node) {
  node.querySelector(".start").hidden = !phone.link;
  node.querySelector(".write").hidden = Boolean(phone.link);
  if (!phone.link) return;
  node.querySelector(".start .link").textContent = phone.link;
  const start = node.querySelector(".start button");
  start.dataset.code = phone.link.split("=")[1];
  start.classList.toggle("try", state.hint.user === phone.user);
}

function drawMenu(phone, node) {
  const menu = node.querySelector(".menu"), key = JSON.stringify(phone.commands);
  node.querySelector(".commands").hidden = !phone.commands.length;
  if (menu.key === key) return;
  menu.key = key;
  menu.replaceChildren(...phone.commands.map((command) => {
    const entry = make("button");
    entry.append(make("b", "", `/${command.command}`), command.description);
    return pushes(entry, () => { menu.hidden = true; send(`/phones/${phone.user}/say`, { text: `/${command.command}` }); });
  }));
}

function drawChat(phone, known) {
  const chat = known.node.querySelector(".chat"), seen = new Set();
  let before = "";
  for (const message of phone.messages) {
    seen.add(message.id);
    const today = dayOf(message.at, phone.zone), day = today === before ? "" : today;
    before = today;
    const spins = phone.spins.filter(([id]) => id === message.id);
    const key = JSON.stringify([message, spins, day]), old = known.messages.get(message.id);
    if (old && old.key === key) continue;
    const node = drawn(message, phone, day);
    if (old) old.node.replaceWith(node); else chat.append(node);
    known.messages.set(message.id, { node, key });
  }
  for (const [id, { node }] of known.messages) if (!seen.has(id)) { node.remove(); known.messages.delete(id); }
  const empty = chat.querySelector(".empty");
  if (!phone.messages.length && !empty) chat.append(make("p", "empty", "The chat with Accord is empty."));
  if (phone.messages.length && empty) empty.remove();
  tryThis(phone, known);
  const last = phone.messages.at(-1), top = last ? `${last.id} ${last.text.slice(0, 12)}` : "";
  if (top !== known.top) toNewest(phone.user);
  known.top = top;
  drawDown(known.node);
}

function tryThis(phone, known) {
  const { hint } = state, here = hint.user === phone.user && known.messages.get(hint.message);
  for (const button of known.node.querySelectorAll(".row .try")) button.classList.remove("try");
  if (!here || hint.label === undefined) return;
  const rows = [...here.node.querySelectorAll(".row button")];
  const found = rows.find((button) => button.dataset.label === hint.label);
  if (found && hint.points) found.classList.add("try");
}

// ---------------------------------------------------------------- around the phones

function look(user, of) {
  shown = user;
  if (of) therapist = of;
  for (const [one, { node }] of phones) {
    const phone = state.phones.find((other) => other.user === one);
    node.classList.toggle("shown", one === shown);
    node.classList.toggle("other", phone.therapist !== therapist);
  }
  byId("clinic").classList.toggle("shown", shown === "clinic");
  drawPeople();
  for (const phone of state.phones) if (phone.therapist === therapist) toNewest(phone.user);
}

function drawPeople() {
  const groups = new Map();
  for (const phone of state.phones) groups.set(phone.therapist, [...(groups.get(phone.therapist) || []), phone]);
  const narrow = matchMedia("(max-width: 900px)").matches;
  const chip = (words, on, waits, act) => {
    const node = make("button", waits ? "waits" : "", words);
    node.setAttribute("aria-pressed", String(on));
    if (waits) node.title = "Something waits here";
    return pushes(node, act);
  };
  const nodes = [];
  for (const [of, members] of groups) {
    const names = members.map((phone) => phone.name), waits = members.some((phone) => phone.waits || phone.link);
    const group = make("div");
    if (narrow) {
      group.append(...members.map((phone) =>
        chip(phone.name, shown === phone.user, phone.waits || phone.link, () => look(phone.user, of))));
    } else {
      const words = `${names.at(-1)} with ${names.slice(0, -1).join(" and ")}`;
      group.append(chip(words, therapist === of, waits && therapist !== of, () => look(members[0].user, of)));
    }
    nodes.push(group);
  }
  const desk = make("div", "desk");
  desk.append(chip("Front desk", shown === "clinic", false, () => look("clinic")));
  byId("people").replaceChildren(...nodes, desk);
}

function drawSessions() {
  const list = byId("sessions"), key = JSON.stringify(state.sessions);
  if (list.key === key) return;
  list.key = key;
  list.replaceChildren(...state.sessions.map((session) => {
    const item = make("li");
    item.append(make("span", "state", session.state), make("b", "", `${session.patient} with ${session.therapist}`));
    item.append(make("p", "small", session.when));
    const acts = make("div", "acts");
    const act = (words, what) => pushes(make("button", "", words), () => send("/desk", { session: session.id, act: what }));
    if (session.state === "held") acts.append(act("Did not come", "missed"));
    if (session.state === "missed") acts.append(act("It was held", "held"));
    if (session.state === "planned") acts.append(act("One day later", "later"), act("Cancel", "cancelled"));
    item.append(acts);
    return item;
  }));
  if (!state.sessions.length) list.append(make("li", "", "No sessions this week."));
}

function drawFrame() {
  const frame = byId("frame"), key = JSON.stringify(state.clock);
  // While the demo plays, the clock runs away from a page that is still loading: it would show the log-in.
  if (!state.clinic || state.playing || frame.key === key) return;
  frame.key = key; // the clock moved on, and the clinic's page has logged off whoever was there
  frame.hidden = false;
  byId("sessions").hidden = true;
  byId("clinic").classList.add("framed");
  frame.src = "/clinic";
}

function drawHead() {
  const { day, time, zone, count, of } = state.clock;
  byId("day").textContent = day;
  byId("time").textContent = time;
  byId("zone").textContent = `in ${zone}`;
  byId("count").textContent = `Day ${count} of ${of}`;
  byId("progress").max = of;
  byId("progress").value = count;
  byId("hint").textContent = state.hint.words;
  byId("next").textContent = state.next ? `${state.next.when}: ${state.next.words}` : "Nothing more is laid out.";
  byId("jump").disabled = !state.next || busy || state.playing;
  byId("jump").classList.toggle("next", !state.hint.user && !state.playing && Boolean(state.next));
  byId("play").textContent = state.playing ? "Stop playing" : "Play by itself";
  byId("play").setAttribute("aria-pressed", String(state.playing));
}

function draw() {
  const asks = `${state.clock.day} ${state.clock.time} ${state.hint.user}`, goesOn = asks !== before;
  before = asks;
  drawHead();
  drawSessions();
  drawFrame();
  for (const phone of state.phones) drawPhone(phone);
  const asked = state.phones.find((phone) => phone.user === state.hint.user);
  if (therapist === null || (goesOn && asked && asked.user !== shown)) {
    const first = asked || state.phones[0];
    look(first.user, first.therapist);
  } else {
    drawPeople();
  }
}

async function follow() {
  for (;;) {
    try {
      const reply = await fetch(state ? `/state?after=${state.version}` : "/state");
      if (!reply.ok) throw new Error(reply.statusText);
      state = await reply.json();
    } catch {
      byId("bar").classList.add("ended");
      byId("bar").textContent = "The demo has ended. Nothing of it was kept.";
      await new Promise((done) => setTimeout(done, AGAIN_MS));
      continue;
    }
    if (byId("bar").classList.contains("ended")) location.reload();
    draw();
  }
}

pushes(byId("jump"), async () => {
  busy = true;
  byId("jump").disabled = true;
  await send("/jump", {});
  busy = false;
  if (state) drawHead();
});
byId("frame").addEventListener("load", () => send("/look", {})); // something may have been changed there
pushes(byId("play"), () => send("/play", { on: !state.playing }));
matchMedia("(max-width: 900px)").addEventListener("change", () => state && drawPeople());
follow();
