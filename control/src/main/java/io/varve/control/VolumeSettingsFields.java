package io.varve.control;

/** Settings of a volume. */
public record VolumeSettingsFields(
        @Field(
                "what a completed flush survives: `log`, the loss of power, or `store`, that of the host; default: `log`")
        String durability,

        @Field("how much may be acknowledged and not be in the store yet; 0 for as much as the log holds")
        long maxUnsentBytes,

        @Field("for how long; 0 without limit") long maxUnsentAgeMs,

        @Field(
                "nothing is answered when the store has not confirmed for so long that no one else has the volume; 0 for off")
        long fenceTimeoutMs,

        @Field("how what is stored is compressed: `none`, `lz4`, `zstd` or `zstd:LEVEL`; default: `none`")
        String compression) {}
