// A button beside each command that puts it on the clipboard, where the browser lets a page do that.

export function addCopyButtons(): void {
  if (!navigator.clipboard) return;
  for (const command of document.querySelectorAll<HTMLElement>("pre.command")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", () => {
      navigator.clipboard.writeText(command.querySelector("code")?.textContent ?? "").then(
        () => { button.textContent = "Copied"; },
        () => { button.textContent = "Select and copy it by hand"; });
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    command.append(button);
  }
}
