package io.varve.control;

/** Something has changed. */
public record Event(
        @Field("counts events from 1 on, anew with each daemon; a gap says that some were missed")
        long sequence,

        @Field("what has happened") Type event,
        @Field("name of the volume; null for `missed`") String volume,

        @Field(value = "the snapshot, where it is about one", omitted = true)
        String snapshot,

        @Field(value = "one line for people, where there is more to say", omitted = true)
        String detail) {
    /** What can happen. */
    public enum Type {
        /** Clients can connect. */
        ATTACHED("clients can connect to the volume"),
        /** Nothing of it is served any more. */
        ENDED("the volume is served no more; `detail` says what is left to ship, if anything"),
        /** The volume can't be served. */
        FAILED("requests of the volume fail from now on, or its reactor died; `detail` says why"),
        /** It can't be opened yet. */
        RETRYING("the volume can't be opened yet, and this is tried again; `detail` says why"),
        /** Somebody waits. */
        WAITING("a client waits to be served; `detail` says for whom"),
        /** A volume was made. */
        CREATED("a volume was made, be it as a clone or by an import"),
        /** A volume was removed. */
        REMOVED("a volume was removed"),
        /** It has another name. */
        RENAMED("a volume has another name now, which `volume` is; `detail` is the one before"),
        /** Its size has changed. */
        RESIZED("the size of the volume has changed"),
        /** Its settings have changed. */
        CHANGED("settings or metadata of the volume have changed, a clone was flattened, or a difference was imported"),
        /** Its writer was shut out. */
        FENCED("whoever wrote the volume was shut out, by this daemon"),
        /** It went back to a snapshot. */
        ROLLED_BACK("the volume went back to the snapshot"),
        /** A snapshot was taken. */
        SNAPSHOT_CREATED("a snapshot was taken"),
        /** A snapshot was removed. */
        SNAPSHOT_REMOVED("a snapshot was removed"),
        /** A snapshot's name or protection has changed. */
        SNAPSHOT_CHANGED("a snapshot has another name now, which `snapshot` is, or was protected, or is so no more"),
        /** A job has ended. */
        JOB_ENDED("a job has ended: `detail` is its name"),
        /** The follower was too slow. */
        MISSED("events up to this sequence number were dropped, since they were not read in time");

        private final String meaning;

        Type(final String meaning) {
            this.meaning = meaning;
        }

        /** What it says, for the documentation. */
        public String meaning() {
            return meaning;
        }
    }
}
