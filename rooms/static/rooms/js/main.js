import { App } from "./controllers/app.js";
import { notifyFromServer } from "./dom/notice.js";

customElements.define("plaza-app", App);
notifyFromServer();
