/**
 * The one place that makes objects and reads them: {@link io.varve.lsvd.objects.ObjectWriter} cuts a payload into frames and compresses
 * them, {@link io.varve.lsvd.objects.ObjectIndex} tells where in an object they stand, and {@link
 * io.varve.lsvd.objects.ObjectReader} makes payload of them again and checks it. Nobody else knows offsets in objects, or codecs.
 */
package io.varve.lsvd.objects;
