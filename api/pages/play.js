const $ = id => document.getElementById(id), say = (id, text) => $(id).textContent = text ?? "";
const add = (tag, set) => Object.assign(document.createElement(tag), set);
let {play, now, words, zone, token} = JSON.parse($("data").textContent), busy, drawn;
const path = "/v1/plays/" + play, place = () => [play, now.instance, now.step] + "";
const mine = () => ({got: [], ...JSON.parse(localStorage[place()] || "{}")});

async function enter(choice) {
  const at = place(), my = {id: "" + Math.random(), ...mine()}, {day} = now;
  const keep = change => localStorage[at] = JSON.stringify({...my, ...change});
  let told = words.later;
  keep(); busy = 1; show();
  for (let turn = 0; turn < 6; turn++) {
    const sent = {method: "POST", credentials: "omit", body: JSON.stringify({id: my.id, token, choice})};
    const answer = await fetch(path + "/entries", sent).catch(() => ({status: 503}));
    if (answer.status == 202) {
      const {entry, reason} = await answer.json();
      told = words[reason || "taken"] || told;
      if (entry) keep({id: undefined, choice, got: [...my.got, [entry, day]]});
      if (reason == "again") keep({no: day});
    } else if (answer.status == 401) told = words.token;
    else if ([429, 503].includes(answer.status)) {
      await new Promise(next => setTimeout(next, 500 * 2 ** turn * (1 + Math.random())));
      continue;
    }
    break;
  }
  busy = 0; show(); say("mine", told);
}

function show() {
  const {result, tally, options, kind, day, correct} = now, open = now.state == "open", my = mine(), parts = [];
  const done = my.no === day || my.got.filter(each => each[1] == day).length >= now.times;
  const button = (text, choice) => {
    const made = add("button", {type: "button", disabled: busy || done || !token || !open});
    made.append(...text.map(textContent => add("span", {textContent})));
    made.onclick = () => enter(choice === 0 ? +$("guess").value : choice);
    parts.push(made);
  };
  const until = open ? new Date(now.closes_at).toLocaleString(document.documentElement.lang, {timeZone: zone}) : now.reason ?? "";
  say("state", `${words[now.state]} ${until} · ${now.entries} ${words.people}`);
  say("question", now.question);
  for (const key in options) button([(my.choice == key ? "✓ " : "") + options[key], tally?.[key] ?? ""], key);
  if (open && kind == "guesses") parts.push(add("input", {id: "guess", inputMode: "decimal", ariaLabel: words.guess}));
  if (open && !options) button([words.enter], kind == "guesses" ? 0 : undefined);
  const look = JSON.stringify([place(), open, tally, my, busy, done]);
  if (look != drawn) $("form").replaceChildren(...parts);
  drawn = look;
  say("mine", done ? words.taken : open && !token ? words.token : "");
  const best = correct || result?.top;
  say("top", best && words[correct ? "correct" : "top"] + " " + options[best]);
  $("winners").replaceChildren(...(result?.winners || []).map(each => {
    const prize = each.prize || "";
    if (my.got.some(one => one[0] == each.entry)) say("mine", words.won + " " + prize);
    return add("li", {textContent: each.who + " " + prize});
  }));
  say("odds", now.odds.map(each => `${words.odds} ${each.winners}/${each.entries} ${each.prizes}`).join("\n"));
  say("proof", [now.commitment, result?.seed].filter(Boolean));
}

show();
new EventSource(path + "/events").addEventListener("play", event => { now = JSON.parse(event.data); busy || show(); });
