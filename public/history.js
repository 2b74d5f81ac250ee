// Only the list of conversations puts the address of a new one into the address bar, and a phone shows that list when
// asked for. So that a reload finds the conversation there too, the server names it and this does the same.
const PHONE_PX = 768;

window.addEventListener("message", (event) => {
  const thread = event.source === window && event.data ? event.data.thread : null;
  const isNew = location.pathname === "/" && window.innerWidth < PHONE_PX;
  if (isNew && typeof thread === "string" && /^[0-9a-f-]{36}$/.test(thread)) {
    history.replaceState(history.state, "", `/thread/${thread}`);
  }
});
