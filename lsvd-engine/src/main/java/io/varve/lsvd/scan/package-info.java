/**
 * Goes through the objects of a volume, each once and several at a time, in whatever memory it is given: what checking,
 * comparing and copying whole volumes have in common. {@link io.varve.lsvd.scan.LiveObjects} says which objects an extent map
 * names, {@link io.varve.lsvd.scan.ObjectScan} reads them, {@link io.varve.lsvd.scan.LiveRuns} tells which of an object's data
 * blocks the map still means.
 */
package io.varve.lsvd.scan;
