/**
 * A volume as the store tells it: its epochs, and the one sequence of objects that they make up. {@link
 * io.varve.lsvd.history.HistoryReader} finds the newest checkpoint, reads on to the seal or the first gap, and builds the
 * extent map; {@link io.varve.lsvd.history.Sealer} ends an epoch.
 */
package io.varve.lsvd.history;
