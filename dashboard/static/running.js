// @ts-check
/** The page of what is running: as it was when it was loaded. */

import { setUpPage } from "./page.js";

setUpPage();
