import type { Subject } from "./bench.ts";
import { impliedVolatility } from "./subjects/impliedVolatility.ts";
import { normalCdf } from "./subjects/normalCdf.ts";
import { optionBook } from "./subjects/optionBook.ts";
import { optionGreeks } from "./subjects/optionGreeks.ts";

/** Everything that `npm run bench:gas` measures, in the order of its table. */
export const subjects: Subject[] = [optionGreeks, optionBook, impliedVolatility, normalCdf];
