/* eslint-disable @typescript-eslint/no-deprecated, @typescript-eslint/unbound-method -- createElement is only wrapped */

/**
 * The page's policy lets styles in only with the page's nonce. Libraries make style elements as they go, and not all of
 * them know of nonces: whatever a script of ours makes by `createElement` carries it. A style that comes in as markup
 * doesn't, and stays without effect.
 */
const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce;

if (nonce) {
  document.createElement = new Proxy(document.createElement, {
    apply(create, self, args) {
      const element: unknown = Reflect.apply(create, self, args);
      if (element instanceof HTMLStyleElement) element.nonce = nonce;
      return element;
    },
  });
}
