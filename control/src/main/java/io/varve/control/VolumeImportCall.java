package io.varve.control;

import java.util.Map;

/** {@code volume.import}. */
@Method(
        name = "volume.import",
        doc =
                "Makes a volume of an image, or brings one forward by a difference. A new one has its name only when all of it is in the store;"
                        + " of one that is broken off nothing is left.")
public record VolumeImportCall(
        @Field(value = "name of the volume to make, or to bring forward", required = true)
        String volume,

        @Field(value = "a file on the daemon's host, absolute", required = true)
        String path,

        @Field(
                "`raw`, `diff`, or an image that QEMU reads, such as `qcow2`; default: what the file's name and contents agree on")
        String format,

        @Field("size of the disk, if it is to be larger than the image")
        long sizeBytes,

        @Field("of a difference: whether the volume may hold anything before")
        boolean anyBase,

        @Field("whether the store is not tried before") boolean allowUnfitStore,
        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements LongCall<VolumeDescription> {}
