/**
 * A store of objects in a bucket of an S3-compatible server. {@link io.varve.s3.S3ObjectStore} keeps the promises of {@link
 * io.varve.lsvd.store.ObjectStore} by {@code PUT} with {@code If-None-Match: *} on objects of a single part;
 * {@link io.varve.s3.S3Location} reads its address, {@link io.varve.s3.S3StoreContext} holds its settings, {@link
 * io.varve.s3.Attempts} tries again what may help, and {@link io.varve.s3.Failures} tells what went wrong in one line.
 */
package io.varve.s3;
