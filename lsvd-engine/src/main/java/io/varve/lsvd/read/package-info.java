/**
 * Reading a volume: {@link io.varve.lsvd.read.ReadPath} looks up the map and brings each piece of a request from where it
 * is, the log's window, the log's file or, through the {@link io.varve.lsvd.read.Fetcher}, the store; checks it in private
 * memory; and only then copies it to the guest. {@link io.varve.lsvd.read.LaneReads} does the plain cases on another thread.
 */
package io.varve.lsvd.read;
