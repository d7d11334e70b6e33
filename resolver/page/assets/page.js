"use strict";
/* The live picture: one stream of server-sent events, drawn with the DOM only. */

const picture = { plan: null, agent: {}, plate: {}, basket: {}, receipt: {}, review: {}, fault: {}, figures: {} };
const curves = new Map(); // plate -> [[ms, grams], ...] of the last CURVE_S seconds
const CURVE_S = 60;
const RECEIPTS_SHOWN = 50;

const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

function el(tag, attributes = {}, ...children) {
  const node = tag.startsWith("svg:") ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const itemName = (sku) => picture.plan?.items[sku]?.name ?? sku;
const money = (amount, currency) => {
  const digits = (String(amount).split(".")[1] ?? "").length;
  return new Intl.NumberFormat(undefined, { style: "currency", currency: currency ?? picture.plan?.currency ?? "EUR", minimumFractionDigits: digits }).format(Number(amount));
};
const clock = (text) => new Date(text).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const percent = (p) => `${(100 * p).toFixed(p > 0.995 || p < 0.005 ? 1 : 0)} %`;

/* ---- the stream ---- */
function listen() {
  const source = new EventSource("/events");
  source.addEventListener("picture", (message) => {
    Object.assign(picture, JSON.parse(message.data));
    connection("live", "live");
    drawAll();
  });
  for (const kind of ["agent", "plate", "basket", "receipt", "review", "fault"]) {
    source.addEventListener(kind, (message) => {
      const { key, value } = JSON.parse(message.data);
      if (value === null) delete picture[kind][key];
      else picture[kind][key] = value;
      drawing[kind](key, value);
    });
  }
  source.addEventListener("figures", (message) => {
    picture.figures = JSON.parse(message.data);
    drawFigures();
  });
  source.onerror = () => connection("lost", "connection lost, trying again");
}
function connection(state, text) {
  $("connection").dataset.state = state;
  $("connection").textContent = text;
}
const say = (text) => { $("said").textContent = text; };

/* ---- drawing ---- */
const drawing = {
  agent: () => drawFaults(),
  plate: (key, value) => { remember(value); drawPlate(key); },
  basket: () => drawBaskets(),
  receipt: (key, value) => { if (value) say(`Receipt of ${value.data.total ?? value.data.amount}`); drawReceipts(key); },
  review: () => drawReview(),
  fault: () => drawFaults(),
};
function drawAll() {
  document.title = `${picture.plan.store} · Shelf`;
  $("store-name").textContent = picture.plan.store;
  $("plate-list").replaceChildren(...picture.plan.plates.map((plate) => el("article", { class: "card plate", id: `plate-${plate.plate}` })));
  for (const value of Object.values(picture.plate)) remember(value);
  for (const plate of picture.plan.plates) drawPlate(plate.plate);
  drawFigures(); drawBaskets(); drawReceipts(); drawReview(); drawFaults();
}
function drawFigures() {
  const f = picture.figures;
  $("figure-reviewed").textContent = f.receipts ? `${f.reviewed_per_1000}` : "–";
  $("figure-delay").textContent = f.delay_p50_s === null || f.delay_p50_s === undefined ? "–" : `${f.delay_p50_s.toFixed(1)} s / ${f.delay_p95_s.toFixed(1)} s`;
  $("figure-shrink").textContent = f.shrink === undefined ? "–" : money(f.shrink, f.currency);
  $("figure-inside").textContent = f.inside ?? "–";
}
function remember(state) {
  if (!state || state.weight_g === null) return;
  const points = curves.get(state.plate) ?? [];
  const at = Date.parse(state.time);
  if (!points.length || points.at(-1)[0] < at) points.push([at, state.weight_g]);
  while (points.length > 2 && points[1][0] < at - CURVE_S * 1000) points.shift();
  curves.set(state.plate, points);
}
function drawPlate(id) {
  const card = $(`plate-${id}`);
  const plate = picture.plan.plates.find((entry) => entry.plate === id);
  if (!card || !plate) return;
  const state = picture.plate[id];
  const agent = picture.agent[plate.agent];
  const tags = [];
  if (agent?.state === "offline") tags.push(el("span", { class: "tag bad" }, "agent offline"));
  for (const quality of state?.quality ?? []) tags.push(el("span", { class: "tag warn" }, quality));
  if (state && !state.stable) tags.push(el("span", { class: "tag" }, "in use"));
  card.classList.toggle("unstable", Boolean(state && !state.stable));
  const weight = state?.weight_g === undefined || state?.weight_g === null ? "not measured" : `${(state.weight_g / 1000).toFixed(3)} kg`;
  card.replaceChildren(
    el("div", { class: "row" }, el("h3", {}, `Plate ${id}`), ...tags, el("span", { class: "push" }, weight)),
    planOf(plate, state?.contents ?? {}),
    ...curveOf(id),
    ...strangers(plate, state?.contents ?? {}),
  );
}
function planOf(plate, contents) {
  const [width, depth] = plate.size_mm;
  const shown = el("svg:svg", { class: "plan", viewBox: `0 0 ${width} ${depth}`, role: "img", "aria-label": `Plan of plate ${plate.plate}: ${Object.entries(contents).map(([sku, n]) => `${n} ${itemName(sku)}`).join(", ") || "nothing known"}` });
  for (const lane of plate.lanes) {
    const [x0, x1] = lane.x_mm;
    const [y0, y1] = lane.y_mm;
    shown.append(el("svg:rect", { class: "lane", x: x0 + 2, y: depth - y1 + 2, width: x1 - x0 - 4, height: y1 - y0 - 4, rx: 8 }));
    const middle = (x0 + x1) / 2, base = depth - (y0 + y1) / 2;
    const room = Math.max(4, Math.floor((x1 - x0) / 8.5));
    const name = itemName(lane.sku);
    const count = el("svg:text", { class: "n", x: middle, y: base, "text-anchor": "middle" });
    count.textContent = contents[lane.sku] ?? "–";
    const label = el("svg:text", { x: middle, y: base + 26, "text-anchor": "middle" });
    label.textContent = name.length > room ? `${name.slice(0, room - 1)}…` : name;
    shown.append(count, label);
  }
  return shown;
}
function strangers(plate, contents) {
  const planned = new Set(plate.lanes.map((lane) => lane.sku));
  const others = Object.entries(contents).filter(([sku, n]) => n && !planned.has(sku));
  return others.length ? [el("p", { class: "quiet" }, `out of place: ${others.map(([sku, n]) => `${n} ${itemName(sku)}`).join(", ")}`)] : [];
}
function curveOf(id) {
  const points = curves.get(id) ?? [];
  if (points.length < 2) return [];
  return [curve(points, points.at(-1)[0] - CURVE_S * 1000, points.at(-1)[0], `Weight of plate ${id} over the last minute`)];
}
function curve(points, from, to, label, band = null) {
  const weights = points.map((point) => point[1]);
  const low = Math.min(...weights), high = Math.max(...weights);
  const span = Math.max(high - low, 50), base = (low + high - span) / 2;
  const x = (t) => (100 * (Math.max(t, from) - from)) / Math.max(1, to - from);
  const y = (g) => 38 - (34 * (g - base)) / span;
  let path = "";
  points.forEach(([t, g], k) => { path += k ? `H${x(t).toFixed(2)}V${y(g).toFixed(2)}` : `M${x(t).toFixed(2)} ${y(g).toFixed(2)}`; });
  const drawn = el("svg:svg", { class: "curve", viewBox: "0 0 100 40", preserveAspectRatio: "none", role: "img", "aria-label": label });
  if (band) drawn.append(el("svg:rect", { x: x(band[0]), y: 0, width: Math.max(0.5, x(band[1]) - x(band[0])), height: 40 }));
  drawn.append(el("svg:path", { d: `${path}H100` }));
  return drawn;
}
function lineTable(lines, total, currency) {
  const body = el("tbody");
  for (const line of lines) {
    const much = line.weight_g === null ? `${line.qty} × ${money(line.unit_price, currency)}` : `${(line.weight_g / 1000).toFixed(3)} kg × ${money(line.unit_price, currency)}/kg`;
    body.append(el("tr", {}, el("th", { scope: "row" }, line.name, line.deposit ? el("span", { class: "quiet" }, ` + deposit ${money(line.deposit, currency)}`) : null), el("td", { class: "n quiet" }, much), el("td", {}, money(line.amount, currency))));
  }
  if (total !== null) body.append(el("tr", { class: "total" }, el("th", { scope: "row" }, "Total"), el("td", {}), el("td", {}, money(total, currency))));
  return el("table", { class: "lines" }, body);
}
function drawBaskets() {
  const baskets = Object.values(picture.basket).sort((a, b) => a.session.localeCompare(b.session));
  $("basket-empty").hidden = baskets.length > 0;
  $("basket-list").replaceChildren(...baskets.map((basket) =>
    el("article", { class: "card", "data-session": basket.session },
      el("div", { class: "row" }, el("h3", {}, sessionButton(basket.session)),
        basket.group ? el("span", { class: "tag" }, `group ${basket.group}`) : null,
        basket.state === "settling" ? el("span", { class: "tag" }, "leaving") : null,
        basket.probability < 0.9 ? el("span", { class: "tag warn" }, `${percent(basket.probability)} sure`) : null,
        el("span", { class: "push big" }, money(basket.total, basket.currency))),
      basket.lines.length ? lineTable(basket.lines, null, basket.currency) : el("p", { class: "quiet" }, "nothing taken"))));
}
const sessionButton = (session) => el("button", { class: "link", type: "button", "aria-haspopup": "dialog", onclick: () => showHistory(session) }, session);
function drawReceipts(fresh = null) {
  const decided = new Set(Object.values(picture.receipt).filter((entry) => entry.decided_by).map((entry) => entry.data.receipt));
  const standing = Object.values(picture.receipt).filter((entry) => entry.data.state !== "review" || !decided.has(entry.data.receipt));
  const receipts = standing.sort((a, b) => b.time.localeCompare(a.time)).slice(0, RECEIPTS_SHOWN);
  $("receipt-empty").hidden = receipts.length > 0;
  $("receipt-list").replaceChildren(...receipts.map((entry) => {
    const data = entry.data;
    const adjustment = entry.kind === "adjustment";
    const review = data.state === "review";
    return el("li", { class: `card${entry.id === fresh ? " fresh" : ""}`, "data-receipt": data.receipt },
      el("div", { class: "row" },
        el("h3", {}, adjustment ? `Adjustment of ${data.receipt.slice(0, 8)}` : sessionButton(data.session)),
        el("span", { class: `tag${review ? " warn" : ""}` }, adjustment ? "adjustment" : data.state),
        entry.decided_by ? el("span", { class: "tag" }, `by ${entry.decided_by}`) : null,
        el("span", { class: "quiet" }, el("time", { datetime: entry.time }, clock(entry.time)), entry.delay_s === null ? "" : ` · ${entry.delay_s.toFixed(1)} s after the exit`),
        el("span", { class: "push big" }, money(data.total ?? data.amount, data.currency))),
      data.lines.length ? lineTable(data.lines, null, data.currency) : el("p", { class: "quiet" }, "nothing taken"),
      review ? el("ul", { class: "reasons" }, ...data.reasons.map((reason) => el("li", {}, reason))) : null);
  }));
}
function drawFaults() {
  const faults = Object.values(picture.fault).map((fault) => [`${fault.fault}`, `agent ${fault.agent}${fault.plates.length ? `, plates ${fault.plates.join(", ")}` : ""}. ${fault.remedy}`]);
  for (const agent of Object.values(picture.agent)) {
    if (agent.state === "offline") faults.push([`agent ${agent.agent} is offline`, `since ${clock(agent.since)}: its plates are not measured. Look at its power and network.`]);
    if (agent.store_differs) faults.push([`agent ${agent.agent} has another store file`, `revision ${agent.store_revision}, here ${picture.plan.revision}: give both the same file.`]);
  }
  $("faults").hidden = faults.length === 0;
  $("fault-list").replaceChildren(...faults.map(([title, text]) => el("li", {}, el("strong", {}, title), ` — ${text}`)));
}

/* ---- review: one key decides ---- */
let me = { user: null, csrf: null, possible: false };
let caseAt = 0;
let deciding = false;

function drawReview() {
  const cases = Object.values(picture.review).sort((a, b) => a.opened.localeCompare(b.opened) || a.case.localeCompare(b.case));
  caseAt = Math.min(caseAt, Math.max(0, cases.length - 1));
  $("review").hidden = cases.length === 0;
  $("review-count").textContent = cases.length ? `${cases.length} open` : "";
  const kept = document.activeElement?.closest?.("#case") ? document.activeElement.dataset.key : null;
  $("case").replaceChildren(...(cases.length ? [caseCard(cases[caseAt], cases.length)] : []));
  if (kept) $("case").querySelector(`[data-key="${kept}"]`)?.focus();
}
function caseCard(entry, count) {
  return el("article", { class: "card", "data-case": entry.case },
    el("div", { class: "row" },
      el("h3", {}, entry.charge ? `A charge after receipt ${entry.receipt}` : `Receipt ${entry.receipt}`),
      el("span", { class: "tag warn" }, `${money(entry.unresolved)} in dispute`),
      el("span", { class: "quiet" }, `since ${clock(entry.opened)}`),
      count > 1 ? el("span", { class: "push row" },
        el("button", { type: "button", "data-key": "p", onclick: () => step(-1) }, el("kbd", {}, "P"), " previous"),
        el("button", { type: "button", "data-key": "n", onclick: () => step(1) }, el("kbd", {}, "N"), " next")) : null),
    el("ul", { class: "reasons" }, ...entry.reasons.map((reason) => el("li", {}, reason))),
    ...entry.doubts.map(doubtPart),
    el("p", { class: "quiet" }, me.user ? `${me.user} decides with one key:` : me.possible ? "Sign in to decide with one key:" : "Deciding needs a users file (see shelf-resolver password)."),
    el("div", { class: "options" }, ...entry.options.map((option, k) =>
      el("button", { type: "button", "data-key": String(k + 1), "aria-keyshortcuts": String(k + 1), onclick: () => decide(entry, k) },
        el("span", { class: "row" }, el("kbd", {}, String(k + 1)), el("strong", {}, money(option.total)), el("span", { class: "push quiet" }, percent(option.probability))),
        bar(option.probability),
        el("span", {}, option.lines.length ? option.lines.map((line) => `${line.weight_g === null ? line.qty : `${(line.weight_g / 1000).toFixed(3)} kg`} ${line.name}`).join(", ") : "nothing")))));
}
function doubtPart(doubt) {
  const started = Date.parse(doubt.started), settled = Date.parse(doubt.settled);
  const points = doubt.curve.map(([s, g]) => [started + 1000 * s, g]);
  const drawn = points.length > 1 ? curve(points, started - 5000, settled + 5000, `Weight of plate ${doubt.plate} around the ${doubt.kind}`, [started, settled]) : el("p", { class: "quiet" }, "no weights were told around it");
  return el("div", { class: "doubt" },
    el("div", { class: "row" }, el("strong", {}, `${doubt.kind} on plate ${doubt.plate}`), el("span", { class: "quiet" }, `${clock(doubt.time)} · ${doubt.delta_g > 0 ? "+" : ""}${doubt.delta_g.toFixed(1)} g · ${doubt.event}`), ...doubt.quality.map((quality) => el("span", { class: "tag warn" }, quality))),
    drawn,
    el("div", { class: "two" },
      el("div", {}, el("p", { class: "quiet" }, "what it may be"), ...doubt.readings.map((reading) => chance(reading.what, reading.probability))),
      el("div", {}, el("p", { class: "quiet" }, "who was near"), ...doubt.near.map((near) => chance(near.who, near.probability)))));
}
const chance = (text, p) => el("div", {}, el("span", { class: "row" }, text, el("span", { class: "push quiet" }, percent(p))), bar(p));
const bar = (p) => el("span", { class: "bar", "aria-hidden": "true" }, el("svg:svg", { viewBox: "0 0 100 1", preserveAspectRatio: "none" }, el("svg:rect", { width: 100 * p, height: 1 })));
function step(by) {
  const count = Object.keys(picture.review).length;
  caseAt = (caseAt + by + count) % Math.max(1, count);
  drawReview();
}
async function decide(entry, option) {
  if (deciding) return;
  if (!me.user) { if (me.possible) showLogin(() => decide(entry, option)); return; }
  deciding = true;
  try {
    const answer = await fetch(`/api/v1/reviews/${encodeURIComponent(entry.case)}/decision`, { method: "POST", headers: { "content-type": "application/json", "x-csrf-token": me.csrf }, body: JSON.stringify({ option }) });
    if (answer.status === 401) { await whoAmI(); showLogin(() => decide(entry, option)); return; }
    say(answer.ok ? `Decided: ${money(entry.options[option].total)}` : (await answer.json()).error);
  } catch { say("not decided: no connection"); } finally { deciding = false; }
}
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]") || event.target.closest?.("input")) return;
  const button = $("case").querySelector(`button[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (button) { event.preventDefault(); button.click(); }
});

/* ---- signing in ---- */
async function whoAmI() {
  try { me = await (await fetch("/api/v1/me")).json(); } catch { /* the stream says that the connection is lost */ }
  $("account").replaceChildren(...(me.user
    ? [el("span", { class: "quiet" }, `${me.user} `), el("button", { type: "button", onclick: signOut }, "Sign out")]
    : me.possible ? [el("button", { type: "button", "aria-haspopup": "dialog", onclick: () => showLogin() }, "Sign in")] : []));
  if (picture.plan) drawReview();
}
function showLogin(then = null) {
  const problem = el("p", { class: "error", role: "alert" });
  const user = el("input", { name: "user", autocomplete: "username", required: true });
  const password = el("input", { name: "password", type: "password", autocomplete: "current-password", required: true });
  const form = el("form", { method: "dialog" }, el("h2", { id: "login-title" }, "Sign in to decide"), el("label", {}, "Name", user), el("label", {}, "Password", password), problem,
    el("div", { class: "row" }, el("button", { class: "main", type: "submit" }, "Sign in"), el("button", { type: "button", onclick: () => $("login").close() }, "Cancel")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await fetch("/api/v1/login", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ user: user.value, password: password.value }) });
    if (!answer.ok) { problem.textContent = (await answer.json()).error; password.value = ""; password.focus(); return; }
    $("login").close();
    await whoAmI();
    if (then) then();
  });
  $("login").replaceChildren(form);
  $("login").showModal();
  user.focus();
}
async function signOut() {
  await fetch("/api/v1/logout", { method: "POST", headers: { "x-csrf-token": me.csrf } });
  await whoAmI();
}

/* ---- a session's whole story ---- */
async function showHistory(session) {
  const answer = await fetch(`/api/v1/sessions/${encodeURIComponent(session)}`);
  const close = el("button", { type: "button", onclick: () => $("history").close() }, "Close");
  const title = el("h2", { id: "history-title" }, `Session ${session}`);
  if (!answer.ok) {
    $("history").replaceChildren(title, el("p", {}, (await answer.json()).error), close);
  } else {
    const story = await answer.json();
    const entries = [
      ...story.doors.map((door) => [door.time, `${door.type.replace("shelf.v1.", "")} (${door.source})`]),
      ...story.events.map((event) => [event.time, eventText(event)]),
      ...story.corrections.map((event) => [event.time, correctionText(event)]),
      ...story.presence.map((event) => [event.time, presenceText(event)]),
      ...story.cases.map((entry) => [entry.opened, `review opened: ${entry.reasons.join("; ")}`]),
      ...story.cases.filter((entry) => entry.decided).map((entry) => [entry.decided, `review decided by ${entry.decided_by}`]),
      ...story.receipts.map((entry) => [entry.time, `${entry.kind}: ${money(entry.data.total ?? entry.data.amount)}${entry.data.state ? `, ${entry.data.state}` : ""}${entry.decided_by ? `, decided by ${entry.decided_by}` : ""}${(entry.data.reasons ?? []).map((reason) => ` — ${reason}`).join("")}`]),
    ].sort((a, b) => a[0].localeCompare(b[0]));
    $("history").replaceChildren(title, el("ol", { class: "log" }, ...entries.map(([time, text]) => el("li", {}, el("time", { datetime: time, class: "quiet" }, clock(time)), ` ${text}`))), close);
  }
  $("history").showModal();
}
function eventText(event) {
  const data = event.data;
  const items = data.items.map((item) => `${item.qty} ${itemName(item.sku)}${item.weight_g === undefined ? "" : ` (${item.weight_g.toFixed(1)} g)`}`).join(", ") || "something else";
  return `${event.type.replace("shelf.v1.", "")} on plate ${data.plate}: ${items}, ${data.delta_g} ± ${data.sigma_g} g, ${percent(data.confidence)} sure, event ${event.id}`;
}

function correctionText(event) {
  const data = event.data;
  const items = data.items.map((item) => `${item.qty} ${itemName(item.sku)}`).join(", ") || "something else";
  return `correction of event ${data.corrects}: ${data.withdrawn ? "it never happened" : `${items}, ${percent(data.confidence)} sure`} (${data.reason})`;
}
function presenceText(event) {
  const shares = Object.entries(event.data.shares).map(([session, share]) => `${session} ${percent(share)}`).join(", ") || "nobody known";
  return `${event.data.sensor || event.source} at plate ${event.data.plates.join(", ")}: ${shares}`;
}

$("find").addEventListener("submit", (event) => {
  event.preventDefault();
  const session = $("find-session").value.trim();
  if (session) showHistory(session);
});

whoAmI();
listen();
