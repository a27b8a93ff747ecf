import type { Subject } from "./bench.ts";
import { impliedVolatility } from "./subjects/impliedVolatility.ts";
import { impulseBand } from "./subjects/impulseBand.ts";
import { market } from "./subjects/market.ts";
import { normalCdf } from "./subjects/normalCdf.ts";
import { optionBook } from "./subjects/optionBook.ts";
import { optionGreeks } from "./subjects/optionGreeks.ts";
import { realisedVolatility } from "./subjects/realisedVolatility.ts";
import { risk } from "./subjects/risk.ts";
import { svi } from "./subjects/svi.ts";

/** Everything that `npm run bench:gas` measures, in the order of its table. */
export const subjects: Subject[] = [
  optionGreeks,
  optionBook,
  impliedVolatility,
  normalCdf,
  impulseBand,
  realisedVolatility,
  svi,
  risk,
  market,
];
