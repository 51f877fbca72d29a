const $ = id => document.getElementById(id), say = (id, text) => $(id).textContent = text ?? "";
const add = (tag, set) => Object.assign(document.createElement(tag), set);
let {play, now, words} = JSON.parse($("data").textContent), busy, drawn;
const path = "/v1/plays/" + play, token = new URLSearchParams(location.search).get("token");
const place = () => [play, now.instance, now.step] + "";
const mine = () => JSON.parse(localStorage[place()] || "{}");
const keep = my => localStorage[place()] = JSON.stringify(my);

async function enter(choice) {
  const my = {id: "" + Math.random(), ...mine()};
  let told = words.later;
  keep(my); busy = true; show();
  for (let turn = 0; turn < 6; turn++) {
    const sent = {method: "POST", credentials: "omit", body: JSON.stringify({id: my.id, token, choice})};
    const answer = await fetch(path + "/entries", sent).catch(() => ({status: 503}));
    if (answer.status == 202) {
      const {accepted, entry, reason} = await answer.json();
      told = accepted ? words.taken : words[reason] || told;
      if (accepted || reason == "again") keep({...my, entry, choice, done: 1});
    } else if (answer.status == 401) told = words.token;
    else if ([429, 503].includes(answer.status)) {
      await new Promise(next => setTimeout(next, 500 * 2 ** turn * (1 + Math.random())));
      continue;
    }
    break;
  }
  busy = false; show(); say("mine", told);
}

function show() {
  const open = now.state == "open", my = mine(), {result, tally, options, kind} = now, parts = [];
  const button = (text, choice) => {
    const made = add("button", {type: "button", disabled: busy || my.done || !token || !open});
    made.append(...text.map(textContent => add("span", {textContent})));
    made.onclick = () => enter(choice === 0 ? +$("guess").value : choice);
    parts.push(made);
  };
  const until = open ? new Date(now.closes_at).toLocaleTimeString() : "";
  say("state", `${words[now.state]} ${until} · ${now.entries} ${words.people}`);
  say("question", now.question);
  for (const key in options) button([(my.choice == key ? "✓ " : "") + options[key], tally?.[key] ?? ""], key);
  if (open && kind == "guesses") parts.push(add("input", {id: "guess", inputMode: "decimal", ariaLabel: words.guess}));
  if (open && !options) button([words.enter], kind == "guesses" ? 0 : undefined);
  const look = JSON.stringify([place(), open, tally, my, busy]);
  if (look != drawn) $("form").replaceChildren(...parts);
  drawn = look;
  say("mine", my.done ? words.taken : open && !token ? words.token : "");
  say("top", result?.top && words.top + " " + options[result.top]);
  $("winners").replaceChildren(...(result?.winners || []).map(each => {
    const prize = each.prize || "";
    if (each.entry == my.entry) say("mine", words.won + " " + prize);
    return add("li", {textContent: each.who + " " + prize});
  }));
  say("odds", now.odds.map(each => `${words.odds} ${each.winners}/${each.entries} ${each.prizes}`));
  say("proof", [now.commitment, result?.seed].filter(Boolean));
}

show();
const feed = new EventSource(path + "/events");
feed.addEventListener("play", event => { now = JSON.parse(event.data); busy || show(); });
