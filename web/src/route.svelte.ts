// Which screen is shown: the part of the address behind the sign #, so that one file serves all.

export const SCREENS = ["score", "why", "prove", "access", "record", "loans", "wallets", "link", "settings", "lender", "status", "help"] as const;
export type Screen = (typeof SCREENS)[number];

function now(): Screen {
  const name = location.hash.slice(2);
  return (SCREENS as readonly string[]).includes(name) ? (name as Screen) : "score";
}

class Route {
  screen = $state<Screen>(now());

  constructor() {
    window.addEventListener("hashchange", () => {
      this.screen = now();
      window.scrollTo(0, 0);
    });
  }
}

export const route = new Route();

/** Where what just happened is told: the top of the screen, with the focus, since the button that was pressed may be gone. */
export function toTop(): void {
  window.scrollTo(0, 0);
  document.getElementById("main")?.focus({ preventScroll: true });
}
