package io.varve.control;

import java.util.List;
import java.util.Map;

/** {@code attach}. */
@Method(
        name = "attach",
        doc = "Has a volume served, and answers when front-ends can connect. This waits for the store, as long as it"
                + " takes; other calls go on meanwhile on other connections, and `detach` breaks it off. The same"
                + " parameters again get the same answer.")
public record AttachCall(
        @Field(namesVolume = true, value = Texts.VOLUME + ", or `VOLUME@SNAPSHOT` with `read_only`", required = true)
        String volume,

        @Field("where front-ends connect, absolute; default: `VOLUME.vhost.sock` beside the control socket")
        String socketPath,

        @Flat Nbd nbd,
        @Flat Opening opening,

        @Field("settings that differ from the daemon's, as an object of texts: `store`, `s3-endpoint`, `s3-region`,"
                + " `s3-path-style`, `cache`, `cache-size`, `gc-space`, `gc-garbage`, `gc-rate`, `shutdown-timeout`,"
                + " `answer-timeout`, `poll-time`, `read-lanes`, `socket-mode`, `socket-group`. What can have no effect is"
                + " refused: an S3 setting for a directory store, or the size of the log and garbage collection for a"
                + " volume that is read-only")
        Map<String, String> settings,

        @Field("whether the volume is detached when the connection ends that asks for this, however it ends;"
                + " it is not attached again by the next daemon then. Several connections may hold it; it"
                + " ends with the last")
        boolean untilDisconnect)
        implements DaemonCall<AttachCall.Answer> {
    /** Where NBD clients connect. */
    public record Nbd(
            @Field("where NBD clients connect as well, a list of at most 16: `unix:PATH`, absolute, or"
                    + " `HOST:PORT` ([nbd.md](nbd.md))")
            List<String> nbd,

            @Field("they are served over TLS, with the certificates in this directory, absolute")
            String nbdTls) {}

    /** How the volume is opened, as the options of {@code varve serve} say. */
    public record Opening(
            @Field("whether writes are refused") boolean readOnly,
            @Field("whether several sessions may write") boolean shared,

            @Field("whether it is taken over from a host that has it open, this one time")
            boolean takeOver,

            @Field("whether damage to the log, or loss in the store, is put up with, this one time")
            boolean acceptDataLoss,

            @Field("whether the store is not tried before") boolean allowUnfitStore) {}

    /** What it answers. */
    public record Answer(
            @Field("its name") String volume,
            @Field("where front-ends connect") String socketPath,

            @Field(value = "where NBD clients connect, if asked for", omitted = true)
            List<String> nbd,

            @Field("size of the disk") long sizeBytes,
            @Field("whether writes are refused") boolean readOnly,

            @Field("one line for people, or null: who else has the volume")
            String note,

            @Field("for QEMU") String qemuArguments,
            @Field("for a libvirt domain") String libvirtXml) {}
}
