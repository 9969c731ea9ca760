/** Begins the line in which an edge says what it holds open. */
export const TALLY_MARK = "holds open: ";
