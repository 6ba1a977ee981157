/**
 * Every format that Varve writes, to the local log and to the store: flyweights over memory and codecs of small records.
 * All numbers are little-endian; every format has a magic, a version and a CRC32C, and one that is unknown is refused. The
 * bytes are described in {@code docs/local-log.md}, {@code docs/objects.md} and {@code docs/store-layout.md}.
 */
package io.varve.lsvd.format;
