/** Offers to copy what a field holds; without a clipboard (plain http) it selects it instead. */
class CopyField extends HTMLElement {
  connectedCallback() {
    const button = this.querySelector("button");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => this.copy(button.dataset.copied ?? ""));
  }

  /** @param {string} done what to say afterwards */
  async copy(done) {
    const input = this.querySelector("input");
    const status = this.querySelector("[role=status]");
    if (!input || !status) return;
    input.select();
    try {
      await navigator.clipboard.writeText(input.value);
    } catch {
      if (!document.execCommand("copy")) return;
    }
    status.textContent = done;
  }
}

customElements.define("copy-field", CopyField);
