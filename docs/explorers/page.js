/** The page's loader, where a server gives the page: modules and data come one by one, when they are needed. */

import { start } from "./kit/wake.js";

export const begin = () =>
  start({
    base: import.meta.url,
    load: (name) => import(`./${name}.js`),
    read: async (url) => (await fetch(url)).json(),
  });

begin();
