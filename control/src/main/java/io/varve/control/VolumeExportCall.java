package io.varve.control;

import java.util.Map;

/** {@code volume.export}. */
@Method(
        name = "volume.export",
        doc = "Copies a volume, a snapshot, or what has changed since one, to a file, as the store holds it now. The"
                + " file has its name only when it is whole; one that is there is left alone.")
public record VolumeExportCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume,

        @Field("the snapshot to copy; the volume as the store holds it now where it is not given")
        String snapshot,

        @Field("write what has changed since this snapshot, for `volume.import`")
        String from,

        @Field(value = "a file on the daemon's host, absolute", required = true)
        String path,

        @Field("`raw` or `qcow2`; default: as the file's name ends, else `raw`")
        String format,

        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements LongCall<VolumeExportCall.Answer> {
    /** What it answers. */
    public record Answer(
            @Field("the file") String path,
            @Field("data that it holds") long dataBytes) {}
}
