package io.varve.control;

/** How a volume is collected. */
public record CollectionStatus(
        @Field("its name") String volume,
        @Field("the setting `gc-space`") double gcSpace,
        @Field("the setting `gc-garbage`") double gcGarbage,
        @Field("the setting `gc-rate`, in bytes a second") long gcRate,
        @Flat AttachedVolume.Space space) {}
