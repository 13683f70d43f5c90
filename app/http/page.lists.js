"use strict";
// An answer that is a list of items: what is shown, why, and what the user does about it.
function list(one, said, row) {
  const button = each => {
    const node = make("button", { type: "button" }, "Liked it");
    node.addEventListener("click", async () => {
      node.disabled = true;
      try {
        await call(`${current}/labels`, { labels: [{ user: row.user, item: each.item }] });
        await predict(new Event("submit"));
      } catch (error) { at("sum").textContent = error.message; }
    });
    return node;
  };
  const known = one.known ? `by ${number(one.known)} liked item${one.known === 1 ? "" : "s"}` : "nothing is known that was liked: these are what most users liked";
  at("verdict").replaceChildren(one.items.length ? `${one.items.length} item${one.items.length === 1 ? "" : "s"}` : "nothing is left to show", make("small", {}, `says version ${said.model_version}, ${known}`));
  at("list").replaceChildren(...one.items.map(each => make("li", {}, make("strong", {}, ...breakable(String(each.item))), " ", make("span", { class: "dim" }, each.reason), " ", ...(row.user === undefined || row.user === null ? [] : [button(each)]))));
  for (const name of ["meter", "meternote", "sure", "why", "sum", "reasons", "truth"]) at(name).hidden = true;
  at("list").hidden = false;
}
