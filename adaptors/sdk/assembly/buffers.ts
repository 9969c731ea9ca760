/** The static input and output buffers, and the exports by which the host finds them. */

/** Octets in each buffer. */
export const CAPACITY: u32 = 32768;

/** Where the host puts what it feeds. */
export const INPUT: usize = memory.data(32768, 8);

/** Where records for the host are written. */
export const OUTPUT: usize = memory.data(32768, 8);

export function in_ptr(): i32 {
  return <i32> INPUT;
}

export function in_cap(): i32 {
  return <i32> CAPACITY;
}

export function out_ptr(): i32 {
  return <i32> OUTPUT;
}

export function out_cap(): i32 {
  return <i32> CAPACITY;
}
