// Node.js 18 has it, but not where browsers do.
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;
