/**
 * What is encrypted and how: a volume's {@link io.varve.lsvd.crypto.DataKey} and the keys that are derived from it, AES-256-GCM for objects
 * ({@link io.varve.lsvd.crypto.ObjectCipher}), AES-256-XTS for what lies in sectors on a local disk
 * ({@link io.varve.lsvd.crypto.SectorCipher}), and how a data key is kept in the store, wrapped by a source that the engine does not know
 * ({@link io.varve.lsvd.crypto.KeyWrapper}). {@code docs/keys.md}.
 *
 * <p>Keys stand outside the heap ({@link io.varve.linux.SecretMemory}). The JDK's ciphers expand a key on the heap, and its key derivation
 * keeps copies there, until the garbage collector has used the memory again; neither can be wiped from outside. So ciphers are few, those
 * of objects forget a key with the next one, what can be wiped is wiped, and a process that has loaded a key leaves no core dump. A heap dump
 * of such a process is a secret.
 */
package io.varve.lsvd.crypto;
