import { App } from "./controllers/app.js";

customElements.define("plaza-app", App);
