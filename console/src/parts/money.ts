/** Fen as yuan: 1,234.5. */
export const yuan = (fen: number): string => (fen / 100).toLocaleString("en-US", { maximumFractionDigits: 2 });
