/**
 * What of a volume is in the store, as its objects make it: {@link io.varve.lsvd.stored.ObjectLayout} is what one object holds, {@link
 * io.varve.lsvd.stored.StoredMap} what all of them add up to, what of it no checkpoint holds yet, and which objects nobody
 * needs any more.
 */
package io.varve.lsvd.stored;
