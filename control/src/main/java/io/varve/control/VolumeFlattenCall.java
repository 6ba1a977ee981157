package io.varve.control;

import java.util.Map;

/** {@code volume.flatten}. */
@Method(
        name = "volume.flatten",
        doc = "Gives a clone a copy of all its data, and lets its ancestors go. Of a volume that is attached it goes"
                + " on for about a second and answers how far it is: call it until `flat` is true. A job goes on"
                + " to the end.")
public record VolumeFlattenCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume,

        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements LongCall<VolumeFlattenCall.Answer> {
    /** What it answers. */
    public record Answer(
            @Field("its name") String volume,
            @Field("whether nothing is left to copy") boolean flat,

            @Field(value = "what is yet to be copied", omitted = true)
            Long inheritedBytes) {}
}
