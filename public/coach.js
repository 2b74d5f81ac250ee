// A cited turn is shown in the middle of its call: the panel opens at that turn.
new MutationObserver(() => {
  const cited = document.querySelector("#side-view-content blockquote:not([data-shown])");
  if (!cited) return;
  cited.dataset.shown = "";
  cited.scrollIntoView({ block: "center" });
}).observe(document.documentElement, { childList: true, subtree: true });
