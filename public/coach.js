// What Chainlit's page lacks: names for its icon buttons and charts, and a panel that opens when asked for, at the cited
// turn.

const BUTTON_NAMES = {
  "new-chat-button": "New chat",
  "upload-button": "Upload a call",
  "chat-submit": "Send",
  "stop-button": "Stop",
  "chat-settings-open-modal": "Settings",
  "theme-toggle": "Theme",
  "sidebar-trigger-button": "Past conversations",
};

function name(element, label) {
  if (!element.hasAttribute("aria-label")) element.setAttribute("aria-label", label);
}

function nameButtons() {
  for (const [id, label] of Object.entries(BUTTON_NAMES)) {
    const button = document.getElementById(id);
    // The page makes one button of another, such as Send of Stop.
    if (button && button.getAttribute("aria-label") !== label) button.setAttribute("aria-label", label);
  }
  const beside = document.getElementById("new-chat-button")?.parentElement?.querySelectorAll("button") ?? [];
  for (const button of beside) name(button, "Search conversations"); // the only one there without an id
  for (const button of document.querySelectorAll("button:not([aria-label])")) {
    if (button.textContent.trim()) continue;
    const icon = button.querySelector("svg")?.getAttribute("class") ?? "";
    const known = /lucide-([a-z-]+)/.exec(icon)?.[1] ?? "button";
    name(button, { copy: "Copy", "thumbs-up": "Helpful", "thumbs-down": "Not helpful" }[known] ?? known.replaceAll("-", " "));
  }
  document.getElementById("upload-button")?.removeAttribute("role");
}

function describe() {
  for (const image of document.querySelectorAll("img:not([alt])")) image.alt = "";
  for (const list of document.querySelectorAll("ul[data-sidebar=menu]")) {
    const isList = [...list.children].every((child) => child.tagName === "LI");
    isList ? list.removeAttribute("role") : list.setAttribute("role", "presentation");
  }
  for (const chart of document.querySelectorAll(".js-plotly-plot:not([role])")) {
    const said = chart.layout?.meta;
    if (typeof said !== "string") continue;
    chart.setAttribute("role", "img");
    chart.setAttribute("aria-label", said);
  }
  for (const handle of document.querySelectorAll("[data-resize-handle][aria-controls]")) {
    if (!document.getElementById(handle.getAttribute("aria-controls"))) handle.removeAttribute("aria-controls");
    name(handle, "Width of the panel");
  }
  for (const menu of document.querySelectorAll("#thread-options:not([role])")) {
    menu.setAttribute("role", "button");
    name(menu, "Rename or delete");
  }
  // A table that is wider than a phone scrolls, by the keyboard too.
  for (const around of document.querySelectorAll("div:has(> table)")) {
    if (around.scrollWidth <= around.clientWidth) continue;
    around.tabIndex = 0;
    around.setAttribute("role", "region");
    name(around, "Table");
  }
  // What a language model says itself stands apart, as in an export.
  for (const title of document.querySelectorAll("[id^=step-] strong:not(.own-words)")) {
    if (title.textContent.trim() !== "The model's own reading, not checked") continue;
    title.classList.add("own-words");
    const block = title.closest("p, div");
    block?.classList.add("own-words");
    if (block?.nextElementSibling?.tagName === "UL") block.nextElementSibling.classList.add("own-words");
  }
  const panel = document.getElementById("side-view-content");
  if (panel) {
    panel.tabIndex = 0;
    panel.closest("[role=dialog]")?.setAttribute("aria-label", "Source");
    panel.closest("[role=dialog]")?.removeAttribute("aria-labelledby");
  }
}

// The page opens its panel with every source that arrives. It is to open when somebody asks for one.
let isAskedFor = false;
document.addEventListener("click", (event) => {
  if (event.target.closest?.(".element-link")) isAskedFor = true;
}, true);

// A chart looks at its width when the window's changes, not when the panel takes some of it.
let hadPanel = false;
function fitCharts(hasPanel) {
  if (hasPanel === hadPanel) return;
  hadPanel = hasPanel;
  setTimeout(() => window.dispatchEvent(new Event("resize")), 350); // the panel slides in
}

function closeUnaskedPanel() {
  const panel = document.getElementById("side-view-content");
  fitCharts(panel !== null);
  if (!panel) {
    isAskedFor = false;
  } else if (!isAskedFor || panel.children.length > 1) {
    const close = document.getElementById("side-view-title")?.querySelector("button"); // beside the page
    (close ?? panel.closest("[role=dialog]")?.querySelector(":scope > button"))?.click(); // on a phone
  }
}

function showCitedTurn() {
  const cited = document.querySelector("#side-view-content blockquote:not([data-shown])");
  if (!cited) return;
  cited.dataset.shown = "";
  cited.scrollIntoView({ block: "center" });
}

let waiting = false;
new MutationObserver(() => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    nameButtons();
    describe();
    closeUnaskedPanel();
    showCitedTurn();
  });
}).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["id"] });

// A conversation that is deleted while it is open leaves the page, which otherwise may stay on it with nothing behind it.
const fetchFromServer = window.fetch;
window.fetch = async (...request) => {
  const response = await fetchFromServer(...request);
  const [address, options] = request;
  if (response.ok && options?.method === "DELETE" && String(address).endsWith("/project/thread")) {
    const { threadId } = JSON.parse(options.body);
    if (location.pathname.endsWith(`/thread/${threadId}`)) location.assign("/");
  }
  return response;
};
