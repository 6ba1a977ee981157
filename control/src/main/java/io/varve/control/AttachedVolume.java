package io.varve.control;

import java.util.List;

/** How a volume is that is attached. */
public record AttachedVolume(
        @Field("its name") String volume,

        @Field(
                "`opening`; `following`: QEMU can connect, and the volume is taken when its guest uses it; `taking`: a guest waits for it;"
                        + " `serving`; `ending`; or `failed`: its reactor died, and it can be attached again")
        String state,

        @Field(
                "one line for people, or null: why it can't be opened yet, why requests fail or the reactor died, that the reactor"
                        + " hangs, why the store takes nothing")
        String trouble,

        @Field("one line for people, or null: who else has the volume ([migration.md](migration.md))")
        String note,

        @Flat Clients clients,
        @Field("whether writes are refused") boolean readOnly,
        @Flat Figures figures) {
    /** How clients reach it, and who is there. */
    public record Clients(
            @Field("where front-ends connect, or null") String socketPath,

            @Field("`none`, `connected`, or `running`: a client uses the disk")
            String frontEnd,

            @Field("how and where clients reach it") List<Export> exports,
            @Field("who is connected") List<Session> sessions) {}

    /** One way to reach it. */
    public record Export(
            @Field("`vhost-user` or `nbd`") String protocol,
            @Field("null for an inherited socket") String address,

            @Field("one line for people about who [waits to be served](sessions.md), or null")
            String waiting) {}

    /** One client. */
    public record Session(
            @Field("`vhost-user` or `nbd`") String protocol,
            @Field("who it is; null when nothing is known") String peer,
            @Field("whether it may write") boolean mayWrite,
            @Field("whether it uses the disk") boolean running) {}

    /** What is known once it has been opened. */
    public record Figures(
            @Field("its identity; like all that follows, once it has been opened")
            String uuid,

            @Field("size of the disk") long sizeBytes,
            @Flat Log log,
            @Flat Traffic traffic,
            @Flat Cached cached,
            @Flat Space space,
            @Flat ExtentMap map) {}

    /** The local log. */
    public record Log(
            @Field("written by the guest, since it was attached")
            long writtenBytes,

            @Field("size of the local log") long logBytes,

            @Field("how much of it must not be overwritten yet")
            long logUsedBytes,

            @Field("what is acknowledged and not in the store")
            long unsentBytes,

            @Field("records of the log that are not in the store")
            long unsentRecords,

            @Field("for how long the oldest of them") long unsentAgeMs) {}

    /** Traffic with the store, since it was attached. */
    public record Traffic(
            @Field("objects put into the store since it was attached")
            long objectsPut,

            @Field("their size") long putBytes,
            @Field("reads of the store") long fetches,
            @Field("their size") long fetchedBytes) {}

    /** What the read cache holds of it, and has done for it since it was attached. */
    public record Cached(
            @Field("what the read cache holds of it") long cachedBytes,
            @Field("reads that the cache has served") long cacheHits,
            @Field("their size") long cacheHitBytes,
            @Field("reads that it has not") long cacheMisses,
            @Field("lines that were found damaged") long cacheDamaged) {}

    /** What it takes of the store. */
    public record Space(
            @Field("objects in the store; absent when it is read-only, as all that follow up to `swept`")
            long objects,

            @Field("their size") long storedBytes,
            @Field("what is live of them") long liveBytes,
            @Field("what is not") long garbageBytes,

            @Field("objects that are to be deleted, or kept for snapshots and clones")
            long deadBytes,

            @Flat Collection collection,

            @Field("whether what earlier epochs may have left behind has been deleted")
            boolean swept) {}

    /** Garbage collection, since it was attached. */
    public record Collection(
            @Field("what [garbage collection](garbage-collection.md) keeps the store below")
            long gcLimitBytes,

            @Field("whether it is paused") boolean gcPaused,
            @Field("what it has read of the store") long gcReadBytes,
            @Field("what it has found in the read cache") long gcCacheReadBytes,
            @Field("what it has put") long gcPutBytes,
            @Field("size of the checkpoints that were put") long checkpointPutBytes,
            @Field("objects that were deleted") long objectsDeleted) {}

    /** The extent map. */
    public record ExtentMap(
            @Field("extents of the map") long extents,
            @Field("memory that it takes") long mapBytes) {}
}
