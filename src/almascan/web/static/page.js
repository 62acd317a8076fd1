"use strict";
// What makes the pages live and quick. Every page works without it; only the live view needs it.
(function () {
  const token = document.querySelector("meta[name=csrf]")?.content ?? "";
  const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));

  // A choice that decides what else is offered sends its form by itself.
  function submitOnChange() {
    for (const field of all("[data-submit]")) {
      field.addEventListener("change", () => field.form.requestSubmit());
    }
    for (const button of all("[data-noscript]")) button.hidden = true;
  }

  // A long list of choices gets a field that narrows it.
  const LONG = 12;
  function searchInSelects() {
    for (const select of all("select[data-search]")) {
      if (select.options.length < LONG) continue;
      const options = Array.from(select.options);
      const field = document.createElement("input");
      field.type = "search";
      field.placeholder = select.dataset.search;
      field.setAttribute("aria-label", select.dataset.search);
      field.setAttribute("aria-controls", select.id);
      field.addEventListener("input", () => {
        const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
        const fits = (option) => words.every((word) => option.textContent.toLowerCase().includes(word));
        for (const option of options) option.hidden = option.disabled = !(fits(option) || option.value === "");
        const first = options.find((option) => !option.disabled && option.value !== "");
        if (words.length && first) select.value = first.value;
      });
      field.addEventListener("keydown", (event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        select.dispatchEvent(new Event("change", { bubbles: true }));
        select.focus();
      });
      select.before(field);
    }
  }

  function dropFiles() {
    for (const area of all("[data-drop]")) {
      const input = area.querySelector("input[type=file]");
      const over = (on) => area.classList.toggle("over", on);
      area.addEventListener("dragover", (event) => { event.preventDefault(); over(true); });
      area.addEventListener("dragleave", () => over(false));
      area.addEventListener("drop", (event) => {
        event.preventDefault();
        over(false);
        if (event.dataTransfer.files.length) input.files = event.dataTransfer.files;
      });
    }
  }

  // Parts of a run's page, replaced as the server sends them. What is open stays open, and the focus where it was: on the
  // same thing or else on the content, never on another button that Enter would press.
  const nameOf = (element) => [element.tagName, element.id || element.getAttribute("href") || element.textContent.trim()].join(" ");
  function replace(part, html) {
    const fresh = document.createElement("div");
    fresh.innerHTML = html;
    for (const field of all("input[name=csrf]", fresh)) field.setAttribute("value", token);
    const open = all("details", part).map((details) => details.open);
    all("details", fresh).forEach((details, index) => { details.open = Boolean(open[index]); });
    // What is the same stays: a button that is replaced while it is pressed would not be pressed.
    if (fresh.innerHTML === part.innerHTML) return;
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    part.replaceChildren(...fresh.childNodes);
    if (!focused) return;
    const again = all("a, button, input, summary", part).find((element) => nameOf(element) === nameOf(focused));
    (again ?? document.getElementById("main")).focus({ preventScroll: true });
  }

  const TRY_AGAIN_MS = 3000;
  function watch(container) {
    const lost = container.querySelector("[data-lost]");
    function connect() {
      const source = new EventSource(container.dataset.events);
      source.onopen = () => { lost.hidden = true; };
      source.onerror = () => {
        lost.hidden = false;
        // A server that was restarted, or refuses for a while, is asked again: the browser itself would give up.
        if (source.readyState === EventSource.CLOSED) setTimeout(connect, TRY_AGAIN_MS);
      };
      for (const part of all("[id^=part-]", container)) {
        source.addEventListener(part.id.slice("part-".length), (event) => replace(part, event.data));
      }
      window.addEventListener("pagehide", () => source.close());
    }
    connect();
  }

  // The handheld scanner: the field stays ready, and a barcode that comes while another is sent waits its turn.
  function scan(form) {
    const field = form.querySelector("input[name=barcode]");
    const said = document.querySelector("[data-said]");
    const waiting = [];
    let sending = false;
    async function send() {
      if (sending || !waiting.length) return;
      sending = true;
      const body = new URLSearchParams({ csrf: token, barcode: waiting[0] });
      try {
        const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
        const told = await answer.json();
        said.textContent = told.said;
        waiting.shift();
      } catch {
        said.textContent = form.dataset.failed;
        await new Promise((done) => setTimeout(done, TRY_AGAIN_MS));
      }
      sending = false;
      send();
    }
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const barcode = field.value.trim();
      field.value = "";
      field.focus();
      if (!barcode) return;
      waiting.push(barcode);
      send();
    });
  }

  // A form that works for a while is sent once.
  function sendOnce() {
    for (const form of all("form[method=post]:not([data-scan])")) {
      form.addEventListener("submit", (event) => {
        if (form.dataset.sent) return event.preventDefault();
        form.dataset.sent = "yes";
        event.submitter?.classList.add("working");
      });
    }
    window.addEventListener("pageshow", () => { for (const form of all("form")) delete form.dataset.sent; });
  }

  submitOnChange();
  searchInSelects();
  dropFiles();
  sendOnce();
  all("[data-events]").forEach(watch);
  all("[data-scan]").forEach(scan);
})();
