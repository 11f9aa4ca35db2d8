/** Brings the explorers of a served page to life. */

import { start } from "./page.js";

start();
