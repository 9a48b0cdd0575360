// SPDX-License-Identifier: Apache-2.0
#include "sandbox/core.hpp"

namespace kalends::sandbox {

namespace {

constexpr const char* page_head = R"html(<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Kalends sandbox</title>
<style>
:root{color-scheme:light dark;--line:#8884;--accent:#2f6f5e}
body{font:15px/1.45 system-ui,sans-serif;margin:0;display:grid;grid-template-columns:16em 1fr;min-height:100vh}
nav{border-right:1px solid var(--line);padding:1em}
main{padding:1em 1.5em;min-width:0}
h1{font-size:1.1em;margin:0 0 .8em}h2{font-size:1em;margin:1.6em 0 .5em}
nav button{display:block;width:100%;text-align:left;border:0;background:none;padding:.45em .5em;border-radius:.4em}
nav button[aria-current=true]{background:var(--accent);color:#fff}
button,input,select{font:inherit}button{cursor:pointer}
small{opacity:.7}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.35em .6em;border-bottom:1px solid var(--line);vertical-align:top}
th,td:not(.wide){white-space:nowrap}.wide{overflow-wrap:anywhere;width:100%;font:13px/1.4 ui-monospace,monospace}
input:not([type=checkbox]),select{box-sizing:border-box;width:100%;min-width:0;font:inherit;padding:.3em .4em}input[type=checkbox]{justify-self:start}
form{display:grid;grid-template-columns:repeat(auto-fit,minmax(11em,1fr));gap:.6em;align-items:end}
label{display:grid;gap:.15em}dialog{border:1px solid var(--line);border-radius:.6em;min-width:min(40em,90vw)}
.bad{color:#b3261e}#said{min-height:1.4em}
@media(max-width:50em){body{grid-template-columns:1fr}nav{border-right:0;border-bottom:1px solid var(--line)}}
</style>
<nav><h1>Kalends sandbox</h1><div id="people"></div>
<h2>New account</h2><form id="newcomer">
<label>Email<input name="email" type="email" required></label>
<label>Vendor<select name="kind"><option>google<option>microsoft</select></label>
<label>Time zone<input name="time_zone" value="Europe/Berlin"></label><button>Create</button></form>
<h2>Clock</h2><p id="clock"></p><button data-forward="3600">+1 hour</button><button data-forward="86400">+1 day</button>
</nav>
<main><p id="said" role="status" aria-live="polite"></p>
<h1 id="whose">Choose an account</h1>
<form id="event" hidden>
<input type="hidden" name="id">
<label>Title<input name="title" required></label>
<label>Start<input name="start" type="datetime-local" required></label>
<label>End<input name="end" type="datetime-local" required></label>
<label>All day<input name="all_day" type="checkbox"></label>
<label>Location<input name="location"></label>
<label>Notes<input name="notes"></label>
<button>Save</button><button type="reset">Clear</button></form>
<h2>Events</h2><table><thead><tr><th>Title<th>Start<th>End<th>Where<th></tr></thead><tbody id="events"></tbody></table>
<h2>Journal</h2><table><thead><tr><th>#<th>Time<th>Method<th>Request<th>Status</tr></thead><tbody id="journal"></tbody></table>
</main>
)html";

constexpr const char* page_script = R"html(<script>
const $ = id => document.getElementById(id);
let current = null, rows = [];
const api = async (verb, path, body) => {
  const r = await fetch('/_sandbox' + path, {method: verb, body: body && JSON.stringify(body)});
  const answer = r.status === 204 ? {} : await r.json();
  if (!r.ok) throw new Error(answer.error?.message ?? 'status ' + r.status);
  return answer;
};
const say = (text, bad) => { $('said').textContent = text; $('said').className = bad ? 'bad' : ''; };
const tell = work => async e => {
  e?.preventDefault?.();
  try { await work(e); } catch (problem) { say(problem.message, true); }
};
const cell = (row, text) => { const c = row.insertCell(); c.textContent = text ?? ''; return c; };
const mine = () => '/accounts/' + encodeURIComponent(current);
const button = (text, work) => {
  const b = document.createElement('button');
  b.textContent = text; b.onclick = tell(work);
  return b;
};

async function showPeople() {
  const {items} = await api('GET', '/accounts');
  $('people').replaceChildren(...items.map(a => {
    const b = button(`${a.display_name} · ${a.kind}`, () => choose(a.email));
    b.title = a.email; b.setAttribute('aria-current', a.email === current);
    return b;
  }));
  if (!current && items.length) await choose(items[0].email);
}
async function choose(email) {
  current = email;
  $('event').hidden = false; $('event').reset(); $('event').elements.id.value = '';
  await refresh();
}
async function showEvents() {
  rows = (await api('GET', mine() + '/events')).items.sort((a, b) => a.start < b.start ? -1 : 1);
  $('events').replaceChildren(...rows.map(e => {
    const row = document.createElement('tr');
    cell(row, e.title + (e.recurring ? ' ↻' : '')); cell(row, e.start); cell(row, e.end); cell(row, e.location);
    row.insertCell().append(button('Edit', () => edit(e)), button('Delete', async () => {
      await api('DELETE', mine() + '/events/' + encodeURIComponent(e.id)); say('Deleted.'); await refresh();
    }));
    return row;
  }));
}
async function showJournal() {
  const {items} = await api('GET', '/journal?limit=40&account=' + encodeURIComponent(current));
  $('journal').replaceChildren(...items.reverse().map(j => {
    const row = document.createElement('tr');
    cell(row, j.sequence); cell(row, j.time.slice(11, 19)); cell(row, j.method + (j.wrote ? ' ✎' : ''));
    cell(row, j.verb + ' ' + j.target).className = 'wide'; cell(row, j.status || 'cut');
    return row;
  }));
}
function edit(e) {
  const f = $('event').elements;
  f.id.value = e.id; f.title.value = e.title; f.location.value = e.location ?? ''; f.notes.value = e.notes ?? '';
  f.all_day.checked = e.all_day; dates();
  f.start.value = e.start.slice(0, e.all_day ? 10 : 16); f.end.value = e.end.slice(0, e.all_day ? 10 : 16);
  f.title.focus();
}
function dates() {
  const f = $('event').elements;
  for (const input of [f.start, f.end]) {
    const kept = input.value;
    input.type = f.all_day.checked ? 'date' : 'datetime-local';
    if (kept) input.value = f.all_day.checked ? kept.slice(0, 10) : kept.slice(0, 10) + 'T09:00';
  }
}
async function refresh() {
  if (!current) return;
  $('whose').textContent = current;
  await Promise.all([showPeople(), showEvents(), showJournal(), showClock()]);
}
async function showClock() {
  const clock = await api('GET', '/clock');
  $('clock').textContent = clock.now.replace('T', ' ').slice(0, 19) + (clock.frozen ? ' (frozen)' : '');
}
$('event').elements.all_day.onchange = dates;
$('event').onsubmit = tell(async () => {
  const f = $('event').elements;
  const change = {title: f.title.value, location: f.location.value, notes: f.notes.value, start: f.start.value,
                  end: f.end.value, all_day: f.all_day.checked};
  const known = rows.find(e => e.id === f.id.value);
  if (known?.time_zone) change.time_zone = known.resource.start?.timeZone ?? known.time_zone;
  if (known) await api('PATCH', mine() + '/events/' + encodeURIComponent(known.id), change);
  else await api('POST', mine() + '/events', change);
  $('event').reset(); f.id.value = ''; dates(); say('Saved.'); await refresh();
});
$('newcomer').onsubmit = tell(async e => {
  const account = Object.fromEntries(new FormData(e.target));
  await api('POST', '/accounts', account); e.target.reset(); current = account.email; say('Created.'); await choose(current);
});
for (const b of document.querySelectorAll('[data-forward]'))
  b.onclick = tell(async () => { await api('POST', '/clock', {advance_seconds: +b.dataset.forward}); await showClock(); });
tell(showPeople)();
setInterval(() => tell(refresh)(), 3000);
</script></html>
)html";

} // namespace

std::string admin_page() { return std::string(page_head) + page_script; }

} // namespace kalends::sandbox
