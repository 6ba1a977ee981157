/**
 * Where key-encryption keys come from: a file, a systemd credential, a command, or AWS KMS. {@link io.varve.keys.KeySource} reads what users
 * write, and gives the engine what wraps a volume's data key. {@code docs/keys.md}.
 */
package io.varve.keys;
