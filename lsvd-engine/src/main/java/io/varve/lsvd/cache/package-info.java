/**
 * The read cache: lines of objects ({@value io.varve.lsvd.cache.CacheLine#BLOCKS} blocks each) in one file on a local disk,
 * shared by all volumes of a process and kept over restarts. {@link io.varve.lsvd.cache.ReadCache} is the one agent that
 * writes; reactors look lines up in its table without lock or wait, read them through their own ring, and believe what they
 * have read only when its checksums match and the table still says the same. So nothing has to be pinned, and whatever is lost,
 * damaged or overwritten is a miss. What the file looks like, and why a crash leaves nothing wrong in it, is told in {@code
 * docs/read-cache.md}.
 */
package io.varve.lsvd.cache;
