/**
 * The extent map: where each block of a volume is. {@link io.varve.lsvd.map.ExtentMap} is a B+ tree outside the heap;
 * {@link io.varve.lsvd.map.Location} is the number by which it names a place in the log or in an object. One
 * thread changes a map; others look up through {@link io.varve.lsvd.map.ExtentMapReader}s of their own.
 */
package io.varve.lsvd.map;
