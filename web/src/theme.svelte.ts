// Light or dark: as the system says, until the person chooses; remembered on this device only.

export type Theme = "system" | "light" | "dark";

const KEY = "theme";

class Choice {
  now = $state<Theme>((localStorage.getItem(KEY) as Theme | null) ?? "system");

  constructor() {
    this.show();
  }

  choose(theme: Theme): void {
    this.now = theme;
    localStorage.setItem(KEY, theme);
    this.show();
  }

  private show(): void {
    if (this.now === "system") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.setAttribute("data-theme", this.now);
  }
}

export const theme = new Choice();
