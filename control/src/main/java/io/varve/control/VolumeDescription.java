package io.varve.control;

/** A volume, as its store knows it. */
public record VolumeDescription(
        @Field("its name") String name,

        @Field("its identity, which stays as it is; null when it can't be read")
        String uuid,

        @Flat Contents contents,

        @Field("`closed`; `open`: somebody has it open, or did not close it; or `unreadable`")
        String state,

        @Field(value = "one line for people about one that can't be read", omitted = true)
        String trouble,

        @Flat Origin origin) {
    /** What there is of one that can be read. */
    public record Contents(
            @Field("size of the disk; like all but `name`, `uuid`, `state` and `trouble`, of one that can be read")
            long sizeBytes,

            @Flat VolumeSettingsFields settings,

            @Field(
                    value = "settings that count from the next time on that it is opened, where they differ",
                    omitted = true)
            VolumeSettingsFields nextSettings,

            @Field("when it was made") String created,
            @Field("its objects in the store") long objects,
            @Field("their size") long storedBytes) {}

    /** Where it comes from, and who has it. */
    public record Origin(
            @Field("host and process that opened it last, or null")
            String openedBy,

            @Field("when, or null") String opened,

            @Field("the snapshot that it is a clone of, as `VOLUME@SNAPSHOT`, or null")
            String parent) {}
}
