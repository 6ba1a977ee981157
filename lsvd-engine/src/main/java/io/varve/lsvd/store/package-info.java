/**
 * Where objects live. An {@link io.varve.lsvd.store.ObjectStore} creates immutable objects under keys, once each, and reads
 * ranges of them back; {@link io.varve.lsvd.store.DirectoryStore} is the embedded store that needs no server. Keys are laid
 * out by {@link io.varve.lsvd.store.Keys}.
 */
package io.varve.lsvd.store;
